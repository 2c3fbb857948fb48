// What the client's own signatures name comes with it: requests, errors, deadlines.
@_exported public import OllamaFiles
@_exported public import OllamaProtocol
@_exported public import WireBytes
@_exported public import WireDriver
@_exported public import WireExchange
@_exported public import WireHTTP1
@_exported public import WireJSON
@_exported public import WireReactor
@_exported public import WireTime
