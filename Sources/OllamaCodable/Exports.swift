// One import is enough for a program that has its answers decoded.
@_exported public import Ollama
