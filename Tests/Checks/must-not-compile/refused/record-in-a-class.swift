// expect: cannot return a ~Escapable result
import OllamaBlocking

final class Kept {
    var content: Span<UInt8>? = nil
}
