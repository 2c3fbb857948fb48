import Testing
import TestSupport
import WireHTTPClient
import WireServer

@Suite struct FirstTests {
}
