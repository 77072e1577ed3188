import COpenSSL
import Foundation
import Glibc
import Synchronization

@testable import HTTPServer

/// A response as a client sees it.
struct Received: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A blocking client, plain or over TLS, that waits at most 30 s for anything: a server that hangs fails the test.
/// Used by one thread.
@safe final class TestClient {
    private let descriptor: Int32
    private var ssl: OpaquePointer?
    private var input: [UInt8] = []

    struct Failed: Error {}

    init(port: Int, tls: Bool = false, handshakes: Bool = true) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failed() }
        if tls && handshakes {
            let context = unsafe SSL_CTX_new(TLS_client_method())
            defer { unsafe SSL_CTX_free(context) }
            unsafe ssl = SSL_new(context)
            unsafe SSL_set_fd(ssl, descriptor)
            guard unsafe SSL_connect(ssl) == 1 else { throw Failed() }
        }
    }

    deinit {
        unsafe SSL_free(ssl)
        close(descriptor)
    }

    /// The DER of the certificate that the server showed.
    var peerCertificate: [UInt8] {
        let certificate = unsafe SSL_get1_peer_certificate(ssl)
        defer { unsafe X509_free(certificate) }
        var der = [UInt8](repeating: 0, count: Int(unsafe i2d_X509(certificate, nil)))
        unsafe der.withUnsafeMutableBufferPointer { buffer in
            var pointer = buffer.baseAddress
            _ = unsafe i2d_X509(certificate, &pointer)
        }
        return der
    }

    /// Sends everything, or gives up when the server has closed.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let start = unsafe buffer.baseAddress! + sent
                let length = buffer.count - sent
                if let ssl = unsafe ssl { return unsafe Int(SSL_write(ssl, start, Int32(length))) }
                return unsafe Glibc.send(descriptor, start, length, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Makes the end of this client a reset, as a crash or a firewall would.
    func endsWithReset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Bytes once some have come; empty when the server has closed. Throws when it reset the connection or hangs.
    private func more() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            if let ssl = unsafe ssl { return unsafe Int(SSL_read(ssl, bytes.baseAddress, Int32(bytes.count))) }
            return unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        if count > 0 { return Array(buffer[..<count]) }
        if let ssl = unsafe ssl, unsafe SSL_get_error(ssl, Int32(count)) == SSL_ERROR_ZERO_RETURN { return [] }
        guard count == 0, unsafe ssl == nil else { throw Failed() }
        return []
    }

    /// Whether the server closes in good order, without another byte.
    func isClosed() throws -> Bool { try input.isEmpty && more().isEmpty }

    /// Whether the server ends the connection, however.
    func isGone() -> Bool { ((try? more()) ?? []).isEmpty }

    /// The next response. Those to HEAD have no body, whatever their length says.
    func receive(toHead: Bool = false) throws -> Received {
        let blank = Array("\r\n\r\n".utf8)
        var end: Int?
        while true {
            end = input.indices.first { input[$0...].starts(with: blank) }
            if end != nil { break }
            let bytes = try more()
            guard !bytes.isEmpty else { throw Failed() }
            input += bytes
        }
        let lines = String(decoding: input[..<end!], as: UTF8.self).components(separatedBy: "\r\n")
        input.removeFirst(end! + 4)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.components(separatedBy: ": ")
            headers[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
        }
        let status = Int(lines[0].split(separator: " ")[1])!
        let length = toHead || status == 100 ? 0 : Int(headers["content-length"] ?? "0")!
        while input.count < length {
            let bytes = try more()
            guard !bytes.isEmpty else { throw Failed() }
            input += bytes
        }
        defer { input.removeFirst(length) }
        return Received(status: status, headers: headers, body: Array(input[..<length]))
    }

    func exchange(_ text: String) throws -> Received {
        send(text)
        return try receive()
    }
}

/// Runs blocking work on a thread of its own: the server's tasks need the pool that tests run on.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

/// What tests let a server answer.
struct TestService: Service {
    func handle(_ head: RequestHead, body: Span<UInt8>, respond: inout Response, later: () -> Reply) -> Disposition {
        switch head.path {
        case "/later":
            let reply = later()
            let count = body.count
            Task.detached {
                reply.answer(Response(status: 200, text: "later \(count)"))
                reply.answer(Response(status: 200, text: "twice"))
            }
            return .later
        case "/dropped":
            _ = later()
            return .later
        case "/never":
            return .later
        case "/kept":
            Self.kept.withLock { $0.append(later()) }
            return .later
        case "/big":
            respond = Response(status: 200, text: String(repeating: "all work and no play ", count: 50_000))
            return .answered
        default:
            // Adding up a large body takes long in a debug build.
            let sum = body.count > 20_000 ? 0 : body.indices.reduce(0) { $0 &+ Int(body[$1]) }
            respond = Response(status: 200, text: "\(head.method) \(head.path) \(body.count) \(sum)")
            return .answered
        }
    }

    /// Replies that nobody will answer.
    static let kept = Kept()

    final class Kept: Sendable {
        private let replies = Mutex<[Reply]>([])
        func withLock(_ use: (inout [Reply]) -> Void) { replies.withLock { use(&$0) } }
    }
}
