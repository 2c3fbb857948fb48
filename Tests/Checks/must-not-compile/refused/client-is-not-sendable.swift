// expect: does not conform to the 'Sendable' protocol
import OllamaBlocking

func needsSendable<Value: Sendable & ~Copyable>(_ value: borrowing Value) {}

func clientIsNotSendable(_ client: borrowing BlockingOllama) { needsSendable(client) }
