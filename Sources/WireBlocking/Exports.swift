// What the client's own signatures name comes with it: errors, deadlines, fields, lines.
@_exported public import WireBytes
@_exported public import WireDriver
@_exported public import WireExchange
@_exported public import WireFraming
@_exported public import WireGzip
@_exported public import WireHTTP1
@_exported public import WireSecurity
@_exported public import WireTime
