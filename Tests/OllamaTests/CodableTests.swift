import OllamaCodable
import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireServer
import WireSystem

/// Answers and arguments as values.
@Suite struct CodableTests {
    struct Country: Codable, JSONSchema, Equatable {
        enum Size: String, Codable, CaseIterable { case small, large }
        struct City: Codable, Equatable {
            var name: String
            var population: Int?
        }
        var name: String
        var area: Double
        var size: Size?
        var cities: [City]
        var codes: [String: Int]
        var isIsland: Bool?
    }

    @Test func derivedSchema() throws {
        let city: JSONValue = [
            "type": "object",
            "properties": ["name": ["type": "string"], "population": ["type": "integer"]],
            "required": ["name"],
        ]
        let expected: JSONValue = [
            "type": "object",
            "properties": [
                "name": ["type": "string"], "area": ["type": "number"],
                "size": ["type": "string", "enum": ["small", "large"]],
                "cities": ["type": "array", "items": city],
                "codes": ["type": "object", "additionalProperties": ["type": "integer"]],
                "isIsland": ["type": "boolean"],
            ],
            "required": ["name", "area", "cities", "codes"],
        ]
        #expect(try Country.jsonSchema == expected)
    }

    struct Stated: Codable, JSONSchema {
        var inner: Inner
        struct Inner: Codable, JSONSchema {
            var value: Int
            static var jsonSchema: JSONValue { ["type": "integer", "minimum": 3] }
        }
    }

    @Test func schemaByHand() throws {
        #expect(
            try Stated.jsonSchema["properties"]?["inner"] == ["type": "integer", "minimum": 3])
    }

    struct Endless: Codable, JSONSchema {
        var children: [Endless]
    }

    enum Choice: Codable, JSONSchema {
        case one(Int)
        case other
    }

    @Test func typesWithoutASchema() {
        #expect(throws: JSONSchemaError.self) { try Endless.jsonSchema }
        #expect(throws: JSONSchemaError.self) { try Choice.jsonSchema }
    }

    struct Capital: Codable, JSONSchema, Equatable {
        var name: String
    }

    private func server(
        _ answers: [String], _ speech: Speech
    ) throws -> (server: ReplayServer, requests: Monitor<[JSONValue]>) {
        let requests = Monitor([JSONValue]())
        let server = try ReplayServer.answering { request in
            let count = requests.update { seen in
                if let json = try? JSONValue(parsing: request.body.span) { seen.append(json) }
                return seen.count
            }
            return speech.stream([answers[min(count, answers.count) - 1]] + speech.end)
        }
        return (server, requests)
    }

    @Test(arguments: Speech.both)
    func anAnswerDecoded(speech: Speech) async throws {
        let (server, requests) = try server([speech.text(#"{\"name\":\"Ottawa\"}"#)], speech)
        defer { server.stop() }
        let ollama = Ollama(host: speech.host(server))
        let capital = try await ollama.chat("m", "Canada?").decode(Capital.self)
        #expect(capital == Capital(name: "Ottawa"))
        let request = try #require(requests.read { $0.first })
        let schema =
            speech.dialect == .native
            ? request["format"] : request["response_format"]?["json_schema"]?["schema"]
        #expect(try schema == Capital.jsonSchema)
    }

    @Test func anAnswerOfAnotherForm() async throws {
        let speech = Speech.both[0]
        let (server, _) = try server([speech.text("Ottawa")], speech)
        defer { server.stop() }
        let answer = Ollama(host: server.url).chat("m", "Canada?")
        do {
            _ = try await answer.decode(Capital.self)
            Issue.record("decoded")
        } catch {
            guard case .mismatch(let text, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(text == "Ottawa")
        }
    }

    // MARK: Tools

    struct Place: Codable, JSONSchema {
        var city: String
        var days: Int?
    }

    struct Weather: Codable { var degrees: Int }

    private let weather = Tool("get_weather", "Current weather") { (place: Place) in
        Weather(degrees: place.city.count + (place.days ?? 0))
    }

    private func call(_ speech: Speech, _ name: String, _ arguments: String) -> String {
        speech.dialect == .native
            ? #"{"message":{"content":"","tool_calls":[{"id":"a","function":{"name":"\#(name)","#
                + #""arguments":\#(arguments)}}]},"done":false}"#
            : Speech.chunk(
                #"{"tool_calls":[{"id":"a","function":{"name":"\#(name)","arguments":"#
                    + #"\#(JSONValue.string(arguments).text)}}]}"#)
    }

    @Test(arguments: Speech.both)
    func aConversationWithTools(speech: Speech) async throws {
        let answers = [
            call(speech, "get_weather", #"{"city":"Paris","days":2}"#),
            call(speech, "get_weather", #"{"town":"Paris"}"#), call(speech, "other", "{}"),
            speech.text("7 degrees"),
        ]
        let (server, requests) = try server(answers, speech)
        defer { server.stop() }
        let run = try await Ollama(host: speech.host(server)).runTools(
            ChatRequest(model: "m", messages: [.user("Weather?")]), tools: [weather], maxSteps: 5)
        #expect(run.text == "7 degrees")
        #expect(run.stepCount == 4)
        let results = run.messages.filter { $0.role == .tool }.map(\.content)
        #expect(results[0] == #"{"degrees":7}"#)
        #expect(results[1].hasPrefix("error: the arguments are of another form"))
        #expect(results[2] == "error: there is no tool other; there are: get_weather")
        let last = try #require(requests.read { $0.last })
        #expect(last["tools"]?[0]?["function"]?["name"] == "get_weather")
        #expect(last["messages"]?.arrayValue?.count == 7)
        #expect(last["messages"]?[2]?["tool_call_id"] == "a")
    }

    @Test func tooManySteps() async throws {
        let speech = Speech.both[0]
        let (server, _) = try server([call(speech, "get_weather", #"{"city":"x"}"#)], speech)
        defer { server.stop() }
        do {
            _ = try await Ollama(host: server.url).runTools(anyChat, tools: [weather], maxSteps: 3)
            Issue.record("ended")
        } catch {
            guard case .tooManySteps(3, let messages) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(messages.count == 7)
        }
    }

    struct Broken: Error {}

    @Test func aToolThatThrows() async throws {
        let speech = Speech.both[0]
        let (server, _) = try server([call(speech, "f", #"{"city":"x"}"#)], speech)
        defer { server.stop() }
        let broken = Tool("f", "") { (_: Place) throws -> String in throw Broken() }
        do {
            _ = try await Ollama(host: server.url).runTools(anyChat, tools: [broken])
            Issue.record("ended")
        } catch {
            guard case .tool("f", let cause) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(cause is Broken)
        }
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: (try? encoded()) ?? [], as: UTF8.self) }
}
