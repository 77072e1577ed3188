import CCurl
import Glibc

/// The sockets that libcurl has open, and where they lead. Belongs to the loop's thread.
///
/// libcurl does not say which connection a transfer shares with others (HTTP/2), so that a connection which is dead
/// without knowing it is found by its origin.
@safe final class SocketTable {
    /// Data that nobody acknowledges for this long ends the connection, where TCP's own patience is a quarter of an hour.
    private static let unacknowledgedMilliseconds: UInt32 = 30_000

    private var origins: [curl_socket_t: Origin] = [:]
    /// When something last came from an origin that has sockets.
    private var lastHeard: [Origin: ContinuousClock.Instant] = [:]

    func add(_ socket: curl_socket_t, for origin: Origin) {
        origins[socket] = origin
        var milliseconds = Self.unacknowledgedMilliseconds
        // A kernel without this option waits as long as it always did.
        unsafe _ = setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<UInt32>.size))
    }

    func heard(from origin: Origin) { lastHeard[origin] = .now }

    /// Ends all connections to an origin that has said nothing at all since then; libcurl finds them closed by the other
    /// side. Where anything came, also for somebody else, one answer is late, and the connection is none the worse.
    func shutDown(_ origin: Origin, silentSince beginning: ContinuousClock.Instant) {
        if let heard = lastHeard[origin], heard >= beginning { return }
        for (socket, place) in origins where place == origin { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// How libcurl closes a socket; the context is the table, which outlives all of them.
    static let closeFunction: countersign_close_function = { context, socket in
        if let context = unsafe context {
            unsafe Unmanaged<SocketTable>.fromOpaque(context).takeUnretainedValue().remove(socket)
        }
        return close(socket)
    }

    private func remove(_ socket: curl_socket_t) {
        guard let origin = origins.removeValue(forKey: socket), !origins.values.contains(origin) else { return }
        lastHeard[origin] = nil
    }
}
