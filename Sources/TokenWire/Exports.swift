// One import for everything that an async program needs.
@_exported public import Ollama
@_exported public import WireHTTPClient
