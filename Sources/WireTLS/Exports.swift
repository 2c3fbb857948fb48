// What the engine's own signatures name comes with it: configurations, errors, facts.
@_exported public import WireSecurity
