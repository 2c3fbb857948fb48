// Nothing: SwiftPM wants a source file.
