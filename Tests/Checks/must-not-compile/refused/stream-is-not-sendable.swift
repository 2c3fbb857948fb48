// expect: does not conform to the 'Sendable' protocol
import OllamaBlocking

func needsSendable<Value: Sendable & ~Copyable>(_ value: borrowing Value) {}

func streamIsNotSendable(_ stream: borrowing BlockingStream) { needsSendable(stream) }
