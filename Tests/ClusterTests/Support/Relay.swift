import Foundation
import Glibc
import Synchronization

@testable import TestSupport

/// A TCP relay on a port of its own: what stands between our server and the API server, where connections can be cut,
/// and between the API server and our replicas, as the cluster's Service does.
///
/// Each connection goes to the next server in turn, or to another when that one does not answer.
final class Relay: Sendable {
    let port: Int
    private let core: Core

    init(to ports: [Int]) throws {
        (core, port) = try Core.listening(to: ports)
        let core = core
        Thread.detachNewThread { core.accept() }
    }

    deinit { core.end() }

    /// Closes every connection that is open now; new ones are served as before.
    func cut() { core.cut() }

    /// While closed, what connects is hung up on at once, and what was connected is cut.
    func close() {
        core.isOpen.store(false, ordering: .relaxed)
        core.cut()
    }

    func open() { core.isOpen.store(true, ordering: .relaxed) }

    /// Carries nothing any more on the connections that are open now, and tells nobody, as a network that forgets them;
    /// new ones are served as before.
    func stall() { core.stall() }

    /// How many connections were made so far.
    var connectionCount: Int { core.count.load(ordering: .relaxed) }
}

/// The sockets, which the relay's threads share.
private final class Core: Sendable {
    let isOpen = Atomic<Bool>(true)
    let count = Atomic<Int>(0)
    private let listener: Int32
    private let targets: [Int]
    private let connections = Mutex<[ObjectIdentifier: Connection]>([:])

    private init(listener: Int32, targets: [Int]) {
        self.listener = listener
        self.targets = targets
    }

    static func listening(to targets: [Int]) throws -> (Core, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let port = try FreePort.find()
        guard Loopback.bind(listener, to: port), listen(listener, 128) == 0 else {
            throw CommandFailure(description: "the relay cannot listen: errno \(errno)")
        }
        return (Core(listener: listener, targets: targets), port)
    }

    /// The life of the accepting thread.
    func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            let turn = count.wrappingAdd(1, ordering: .relaxed).newValue
            guard isOpen.load(ordering: .relaxed), let server = connect(turn) else {
                Glibc.close(client)
                continue
            }
            let connection = Connection(client, server)
            connections.withLock { $0[ObjectIdentifier(connection)] = connection }
            for direction in [(client, server), (server, client)] {
                Thread.detachNewThread { [self] in
                    connection.pump(from: direction.0, to: direction.1)
                    if connection.isOver() {
                        connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
                    }
                }
            }
        }
        Glibc.close(listener)
    }

    /// A socket connected to the server whose turn it is, or to another one that answers.
    private func connect(_ turn: Int) -> Int32? {
        for offset in targets.indices {
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if Loopback.connect(server, to: targets[(turn + offset) % targets.count]) { return server }
            Glibc.close(server)
        }
        return nil
    }

    func cut() { for connection in connections.withLock({ Array($0.values) }) { connection.cut() } }

    func stall() { for connection in connections.withLock({ Array($0.values) }) { connection.stall() } }

    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }
}

/// A client's socket and a server's, until both directions have ended.
private final class Connection: Sendable {
    private let client: Int32
    private let server: Int32
    /// The directions that still go; with the last one the sockets are closed, and their numbers are another's.
    private let directions = Mutex(2)
    private let isStalled = Atomic<Bool>(false)

    init(_ client: Int32, _ server: Int32) {
        self.client = client
        self.server = server
    }

    /// Carries bytes one way until either end is closed.
    func pump(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            while isStalled.load(ordering: .relaxed) { usleep(10_000) }
            guard count > 0, write(buffer[..<count], to: target) else { break }
        }
        // The other end learns that nothing more comes, and this one that nobody reads.
        shutdown(target, Int32(SHUT_WR))
        shutdown(source, Int32(SHUT_RD))
    }

    private func write(_ bytes: ArraySlice<UInt8>, to target: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Called at the end of each direction; true after the second.
    func isOver() -> Bool {
        directions.withLock { directions in
            directions -= 1
            guard directions == 0 else { return false }
            Glibc.close(client)
            Glibc.close(server)
            return true
        }
    }

    func stall() { isStalled.store(true, ordering: .relaxed) }

    func cut() {
        isStalled.store(false, ordering: .relaxed)
        directions.withLock { directions in
            guard directions > 0 else { return }
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }
}

/// Socket addresses of this machine.
private enum Loopback {
    static func bind(_ socket: Int32, to port: Int) -> Bool {
        unsafe with(port) { unsafe Glibc.bind(socket, $0, $1) } == 0
    }

    static func connect(_ socket: Int32, to port: Int) -> Bool {
        unsafe with(port) { unsafe Glibc.connect(socket, $0, $1) } == 0
    }

    private static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
