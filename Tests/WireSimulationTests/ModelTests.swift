import Testing
import WireHTTP1
import WireJSON
import WireServer
import WireTime

@testable import WireSimulation

@Suite struct ModelTests {
    @Test func modelsAreListedCopiedAndDeleted() throws {
        let server = VirtualServer()
        func names() throws -> [String] {
            let models = try server.reply("/api/tags").json().at("models")?.arrayValue ?? []
            return models.compactMap { $0.string("name") }.sorted()
        }
        #expect(try names() == ["sim-embed:latest", "sim-think:latest", "sim:latest"])
        let copy = try server.reply("/api/copy", #"{"source":"sim","destination":"mine"}"#)
        #expect(try copy.response().head.status == 200)
        #expect(try names().contains("mine:latest"))
        #expect(
            try server.reply("/api/generate", #"{"model":"Mine"}"#).response().head.status == 200)
        let delete = try server.reply("/api/delete", #"{"model":"mine"}"#, method: "DELETE")
        #expect(try delete.response().head.status == 200)
        #expect(try !names().contains("mine:latest"))
        let gone = try server.reply("/api/generate", #"{"model":"mine","prompt":"x"}"#)
        #expect(try gone.response().head.status == 404)
        let ids = try server.reply("/v1/models").json().at("data")?.arrayValue ?? []
        #expect(ids.count == 3)
    }

    @Test func pullingTellsOfItsProgress() throws {
        let server = VirtualServer()
        let records = try server.reply("/api/pull", #"{"model":"new"}"#).records()
        #expect(records.first?.string("status") == "pulling manifest")
        #expect(records.last?.string("status") == "success")
        let progress = records.filter { $0["completed"] != nil }
        #expect(progress.last?.int("completed") == progress.last?.int("total"))
        #expect(try server.reply("/api/show", #"{"model":"new"}"#).response().head.status == 200)
        let missing = try server.reply("/api/pull", #"{"model":"missing"}"#)
        #expect(try missing.response().head.status == 200)
        #expect(
            try missing.records().last?.string("error")
                == "pull model manifest: file does not exist")
        let whole = try server.reply("/api/pull", #"{"model":"new","stream":false}"#)
        #expect(try whole.text() == #"{"status":"success"}"#)
    }

    @Test func modelsAreCreated() throws {
        let server = VirtualServer()
        let records = try server.reply("/api/create", #"{"model":"own","from":"sim"}"#).records()
        #expect(records.last?.string("status") == "success")
        #expect(try server.reply("/api/show", #"{"model":"own"}"#).json().at("details") != nil)
        #expect(try server.reply("/api/create", #"{"model":"own"}"#).response().head.status == 400)
    }

    @Test func oneModelCanStandForAll() throws {
        var options = SimulationOptions()
        options.models = [SimulatedModel("*")]
        let server = VirtualServer(options)
        let call = try server.reply("/api/generate", #"{"model":"llama3.2:3b","prompt":"x"}"#)
        #expect(try call.records().first?.string("model") == "llama3.2:3b")
    }

    /// What clients can make it remember is limited.
    @Test func modelsAreLimited() throws {
        var options = SimulationOptions()
        options.models = [SimulatedModel("*"), SimulatedModel("sim")]
        let server = VirtualServer(options)
        for index in 0..<Simulator.modelLimit {
            _ = server.simulator.host(named: "m\(index)")
        }
        #expect(server.simulator.host(named: "one-more") == nil)
        for index in 1..<Simulator.modelLimit {
            try server.simulator.remember(SimulatedModel("x"), as: "m\(index)")
        }
        #expect(throws: Refusal.self) {
            try server.simulator.remember(SimulatedModel("x"), as: "one-more")
        }
    }

    @Test func embeddingsAreUnitVectorsOfTheirTexts() throws {
        let server = VirtualServer()
        func vectors(_ input: String, _ rest: String = "") throws -> [[Double]] {
            let body = #"{"model":"sim-embed","input":\#(input)\#(rest)}"#
            let found = try server.reply("/api/embed", body).json().at("embeddings")?.arrayValue
            return try #require(found).map { ($0.arrayValue ?? []).compactMap(\.doubleValue) }
        }
        func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let three = try vectors(#"["the cat sat down","the cat sat up","prices fell in June"]"#)
        #expect(three.map(\.count) == [384, 384, 384])
        for vector in three { #expect(abs(product(vector, vector) - 1) < 1e-5) }
        #expect(product(three[0], three[1]) > product(three[0], three[2]) + 0.2)
        #expect(try vectors(#""the cat sat down""#) == [three[0]])
        let short = try vectors(#""the cat sat down""#, #","dimensions":8"#)
        #expect(short[0].count == 8)
        #expect(abs(product(short[0], short[0]) - 1) < 1e-5)
        #expect(try vectors("[]").isEmpty)
        let old = try server.reply(
            "/api/embeddings", #"{"model":"sim-embed","prompt":"the cat sat down"}"#)
        let same = try #require(try old.json().at("embedding")?.arrayValue).compactMap(
            \.doubleValue)
        #expect(abs(product(same, three[0]) - 1) < 1e-5)
    }

    @Test func anEmptyModelListIsAnArray() throws {
        var options = SimulationOptions()
        options.models = []
        #expect(try VirtualServer(options).reply("/api/tags").text() == #"{"models":[]}"#)
    }
}
