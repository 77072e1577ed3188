import Synchronization

/// Where what a request came to goes.
enum Recipient: Sendable {
    case response(CheckedContinuation<Transfer.Outcome, Never>)
    case stream(Sink)

    var sink: Sink? {
        if case .stream(let sink) = self { return sink }
        return nil
    }

    func end(with outcome: Transfer.Outcome) {
        switch self {
        case .response(let continuation): continuation.resume(returning: outcome)
        case .stream(let sink): sink.end(with: outcome.failure)
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { return failure }
        return nil
    }
}

/// A response between the loop's thread, which puts in what comes, and the task that reads it.
final class Sink: Sendable {
    struct Head: Sendable {
        let status: Int
        let headers: HTTPClient.Headers
    }

    typealias Opening = CheckedContinuation<Result<Head, HTTPClient.Failure>, Never>
    typealias Reading = CheckedContinuation<Result<[UInt8]?, HTTPClient.Failure>, Never>

    private struct State {
        var opening: Opening?
        var reading: Reading?
        var hasBegun = false
        var waiting: [UInt8] = []
        /// What the reader is told when it has read everything; nil while more may come.
        var end: Result<[UInt8]?, HTTPClient.Failure>?
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: how many bytes may wait to be read.
    init(limit: Int) { self.limit = limit }

    // MARK: The loop's side

    var hasBegun: Bool { state.withLock(\.hasBegun) }

    func begin(_ head: Head) {
        let opening = state.withLock { state in
            state.hasBegun = true
            defer { state.opening = nil }
            return state.opening
        }
        opening?.resume(returning: .success(head))
    }

    /// - Returns: false, and nothing is taken, when too much would wait.
    func take(_ chunk: Span<UInt8>) -> Bool {
        guard chunk.count > 0 else { return true }
        let bytes = unsafe chunk.withUnsafeBufferPointer { unsafe Array($0) }
        let (isTaken, reading) = state.withLock { state in
            if let reading = state.reading {
                state.reading = nil
                return (true, Optional(reading))
            }
            guard bytes.count <= limit - state.waiting.count else { return (false, nil) }
            state.waiting += bytes
            return (true, nil)
        }
        reading?.resume(returning: .success(bytes))
        return isTaken
    }

    func end(with failure: HTTPClient.Failure?) {
        let end: Result<[UInt8]?, HTTPClient.Failure> = failure.map { .failure($0) } ?? .success(nil)
        let (opening, reading) = state.withLock { state in
            state.end = end
            defer { (state.opening, state.reading) = (nil, nil) }
            return (state.opening, state.reading)
        }
        opening?.resume(returning: .failure(failure ?? .malformed("an answer without a header")))
        reading?.resume(returning: end)
    }

    // MARK: The reader's side

    func await(_ opening: Opening) {
        state.withLock { $0.opening = opening }
    }

    func read(_ reading: Reading) {
        let result: Result<[UInt8]?, HTTPClient.Failure>? = state.withLock { state in
            if !state.waiting.isEmpty {
                defer { state.waiting = [] }
                return .success(state.waiting)
            }
            if let end = state.end { return end }
            guard state.reading == nil else { return .failure(.malformed("two tasks read one response")) }
            state.reading = reading
            return nil
        }
        if let result { reading.resume(returning: result) }
    }
}
