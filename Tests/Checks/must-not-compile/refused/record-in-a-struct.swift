// expect: cannot return a ~Escapable result
// expect: stored property 'record' of 'Escapable'-conforming struct 'Kept' has non-Escapable type
import OllamaBlocking

struct Kept {
    var record: BlockingStream.Record
}
