/// Whether this replica is the one that writes.
public protocol Leadership: Sendable {
    /// True while the lease is held; it turns false before another replica can take it.
    var isLeader: Bool { get }

    /// The state there is, then each change; ends with the task that listens.
    func changes() -> AsyncStream<Bool>
}

/// The leadership of a server that has nobody beside it.
public struct SoleLeader: Leadership {
    public init() {}
    public var isLeader: Bool { true }
    public func changes() -> AsyncStream<Bool> { AsyncStream { $0.yield(true) } }
}
