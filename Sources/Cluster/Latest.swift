import Synchronization

/// A value that changes, whoever wants to know: the newest one at any time, and every change for those that listen.
///
/// A listener that is slower than the changes misses those in between, never the last.
public final class Latest<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var listeners: [Int: AsyncStream<Value>.Continuation] = [:]
        var nextListener = 0
    }

    private let state: Mutex<State>

    public init(_ value: Value) { state = Mutex(State(value: value)) }

    public var value: Value { state.withLock { $0.value } }

    public func set(_ value: Value) {
        // Under the lock, here and below: of two values at once the older must not come last.
        state.withLock { state in
            state.value = value
            for (index, listener) in state.listeners {
                // Not as the stream ends: who ends it may hold the lock of the task that listens, for which this one waits.
                if case .terminated = listener.yield(value) { state.listeners[index] = nil }
            }
        }
    }

    /// The value there is, then each that is set; ends with the task that listens.
    public func values() -> AsyncStream<Value> {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.listeners[state.nextListener] = continuation
            state.nextListener += 1
            continuation.yield(state.value)
        }
        return stream
    }
}
