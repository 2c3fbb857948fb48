// One import is enough for a program that talks to Ollama.
@_exported public import OllamaFiles
@_exported public import OllamaProtocol
@_exported public import WireBlocking
@_exported public import WireJSON
