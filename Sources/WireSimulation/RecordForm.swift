/// What stands around a record's time and text: the same in every record of a stream, so it is put
/// together once.
struct RecordForm {
    let beforeTime: [UInt8]
    let behindTime: [UInt8]
    /// In the stream's first record.
    let behindFirstTime: [UInt8]
    let behindText: [UInt8]
    /// The field for thinking; nil where the API has none.
    let thinkingName: String?

    /// - Parameters:
    ///   - opening: the record up to its time.
    ///   - model: the model's name as JSON.
    ///   - usage: the field that a record has when usage is asked for, of the text API.
    init(_ api: GenerationJob.API, opening: [UInt8], model: [UInt8], usage: [UInt8]?) {
        let fingerprint = ",\"system_fingerprint\":\"fp_ollama\""
        switch api {
        case .chat:
            beforeTime = opening + ",\"created_at\":\"".utf8
            behindTime = [UInt8]("\",\"message\":{\"role\":\"assistant\",\"content\":".utf8)
            behindFirstTime = behindTime
            behindText = [UInt8]("},\"done\":false}\n".utf8)
            thinkingName = "thinking"
        case .generate:
            beforeTime = opening + ",\"created_at\":\"".utf8
            behindTime = [UInt8]("\",\"response\":".utf8)
            behindFirstTime = behindTime
            behindText = [UInt8](",\"done\":false}\n".utf8)
            thinkingName = "thinking"
        case .openAIChat:
            beforeTime = "data: ".utf8 + opening
            let start =
                [UInt8](",\"model\":".utf8) + model + fingerprint.utf8
                + ",\"choices\":[{\"index\":0,\"delta\":{".utf8
            behindTime = start + "\"content\":".utf8
            behindFirstTime = start + "\"role\":\"assistant\",\"content\":".utf8
            behindText = [UInt8]("},\"finish_reason\":null}]}\n\n".utf8)
            thinkingName = "reasoning"
        case .openAICompletions:
            beforeTime = "data: ".utf8 + opening
            behindTime = [UInt8](",\"choices\":[{\"text\":".utf8)
            behindFirstTime = behindTime
            var end = [UInt8](",\"index\":0,\"finish_reason\":null}],\"model\":".utf8) + model
            end += fingerprint.utf8
            if let usage { end += [UInt8(ascii: ",")] + usage }
            behindText = end + "}\n\n".utf8
            thinkingName = nil
        }
    }
}
