import Synchronization

/// What a server has done so far, for metrics. Totals since the start, but for `connectionsOpen`.
public struct ServerStatistics: Sendable, Equatable {
    public var connectionsOpen = 0
    public var connectionsAccepted = 0
    /// Connections closed at once because too many were open.
    public var connectionsRefused = 0
    public var handshakeFailures = 0
    /// Requests that were handed to the service.
    public var requests = 0
    /// Requests that the reader refused.
    public var requestsRefused = 0
    public var handshakeTimeouts = 0
    public var headTimeouts = 0
    public var bodyTimeouts = 0
    public var answerTimeouts = 0
    public var writeTimeouts = 0
    public var idleTimeouts = 0

    public init() {}
}

/// The counters behind ``ServerStatistics``. Each is by itself; a snapshot is not one moment.
final class ServerCounters: Sendable {
    let connectionsOpen = Atomic(0)
    let connectionsAccepted = Atomic(0)
    let connectionsRefused = Atomic(0)
    let handshakeFailures = Atomic(0)
    let requests = Atomic(0)
    let requestsRefused = Atomic(0)
    let handshakeTimeouts = Atomic(0)
    let headTimeouts = Atomic(0)
    let bodyTimeouts = Atomic(0)
    let answerTimeouts = Atomic(0)
    let writeTimeouts = Atomic(0)
    let idleTimeouts = Atomic(0)

    var statistics: ServerStatistics {
        var statistics = ServerStatistics()
        statistics.connectionsOpen = connectionsOpen.load(ordering: .relaxed)
        statistics.connectionsAccepted = connectionsAccepted.load(ordering: .relaxed)
        statistics.connectionsRefused = connectionsRefused.load(ordering: .relaxed)
        statistics.handshakeFailures = handshakeFailures.load(ordering: .relaxed)
        statistics.requests = requests.load(ordering: .relaxed)
        statistics.requestsRefused = requestsRefused.load(ordering: .relaxed)
        statistics.handshakeTimeouts = handshakeTimeouts.load(ordering: .relaxed)
        statistics.headTimeouts = headTimeouts.load(ordering: .relaxed)
        statistics.bodyTimeouts = bodyTimeouts.load(ordering: .relaxed)
        statistics.answerTimeouts = answerTimeouts.load(ordering: .relaxed)
        statistics.writeTimeouts = writeTimeouts.load(ordering: .relaxed)
        statistics.idleTimeouts = idleTimeouts.load(ordering: .relaxed)
        return statistics
    }
}
