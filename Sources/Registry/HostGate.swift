import Synchronization
import Waiting

/// Bounds how many requests are under way to one host. Who waits is served in order, and may leave at a deadline or by
/// cancellation without losing a place for the others.
final class HostGate: Sendable {
    private struct Host {
        var inside = 0
        var queue: [Flight<Void>] = []
    }

    /// Hosts with a request under way. Others are forgotten: names of hosts come from requests.
    private let hosts = Mutex<[String: Host]>([:])
    private let places: Int

    init(places: Int) { self.places = max(1, places) }

    /// Takes a place, which ``leave(_:)`` gives back.
    ///
    /// - Returns: false, and no place, when `deadline` passed or the task was cancelled first.
    func enter(_ host: String, until deadline: ContinuousClock.Instant) async -> Bool {
        let ticket: Flight<Void>? = hosts.withLock { hosts in
            if hosts[host, default: Host()].inside < places {
                hosts[host, default: Host()].inside += 1
                return nil
            }
            let ticket = Flight<Void>()
            hosts[host]?.queue.append(ticket)
            return ticket
        }
        guard let ticket, await ticket.value(until: deadline) == nil else { return true }

        // The place may have been handed over in the moment of leaving; then it goes to the next one.
        let wasQueued = hosts.withLock { hosts in
            guard let index = hosts[host]?.queue.firstIndex(where: { $0 === ticket }) else { return false }
            hosts[host]?.queue.remove(at: index)
            return true
        }
        if !wasQueued { leave(host) }
        return false
    }

    /// Gives a place back, to the first in the queue where there is one.
    func leave(_ host: String) {
        let next: Flight<Void>? = hosts.withLock { hosts in
            guard var state = hosts[host] else { return nil }
            guard state.queue.isEmpty else {
                let next = state.queue.removeFirst()
                hosts[host] = state
                return next
            }
            state.inside -= 1
            hosts[host] = state.inside == 0 ? nil : state
            return nil
        }
        next?.land(())
    }

    /// Hosts that are remembered, for tests.
    var hostCount: Int { hosts.withLock(\.count) }
}
