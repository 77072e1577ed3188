import COpenSSL
import OpenSSL
import Testing

/// A TLS client of OpenSSL's own and one of our server connections, talking through memory.
@safe
final class Handshake {
    /// What a client keeps to resume a session later.
    @safe
    final class Session {
        fileprivate let pointer: OpaquePointer

        fileprivate init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

        deinit { unsafe SSL_SESSION_free(pointer) }
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// What a client asks for.
    struct Client {
        var minimumVersion = TLS1_2_VERSION
        var maximumVersion = TLS1_3_VERSION
        var ciphers: String?
        /// Encoded as RFC 7301 says: each name behind its length.
        var protocols: [UInt8] = []
        var trusting: Certificate?
        var hostname: String?
        /// A session of an earlier handshake.
        var session: Session?
    }

    private let clientContext: OpaquePointer
    private let client: OpaquePointer
    private let server: OpaquePointer

    init(_ context: TLSContext, _ settings: Client = Client()) throws {
        ErrorQueue.clear()
        unsafe clientContext = try unsafe #require(SSL_CTX_new(TLS_client_method()))
        unsafe countersign_SSL_CTX_set_min_proto_version(clientContext, settings.minimumVersion)
        unsafe countersign_SSL_CTX_set_max_proto_version(clientContext, settings.maximumVersion)
        if let ciphers = settings.ciphers { unsafe SSL_CTX_set_cipher_list(clientContext, ciphers) }
        if let trusted = settings.trusting {
            unsafe SSL_CTX_set_verify(clientContext, SSL_VERIFY_PEER, nil)
            let parsed = unsafe trusted.der.withUnsafeBufferPointer { buffer in
                var position = buffer.baseAddress
                return unsafe d2i_X509(nil, &position, buffer.count)
            }
            unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(clientContext), parsed)
            unsafe X509_free(parsed)
        }
        unsafe client = try unsafe #require(SSL_new(clientContext))
        unsafe server = try unsafe context.makeSSL()
        if !settings.protocols.isEmpty {
            unsafe SSL_set_alpn_protos(client, settings.protocols, CUnsignedInt(settings.protocols.count))
        }
        if let hostname = settings.hostname { unsafe SSL_set1_host(client, hostname) }
        if let session = settings.session { unsafe SSL_set_session(client, session.pointer) }
        unsafe SSL_set_connect_state(client)
        var left: OpaquePointer?
        var right: OpaquePointer?
        unsafe BIO_new_bio_pair(&left, 0, &right, 0)
        unsafe SSL_set_bio(client, left, left)
        unsafe SSL_set_bio(server, right, right)
    }

    deinit {
        // A connection that ends without a shutdown takes its session with it.
        unsafe SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(client)
        unsafe SSL_free(server)
        unsafe SSL_CTX_free(clientContext)
    }

    /// Lets both sides speak until both are content.
    func perform() throws {
        for _ in 0..<20 {
            let clientDone = try unsafe step(client, "client")
            let serverDone = try unsafe step(server, "server")
            if clientDone && serverDone { return }
        }
        throw Failed(description: "no end after 20 turns")
    }

    private func step(_ side: OpaquePointer, _ name: String) throws -> Bool {
        ErrorQueue.clear()
        let result = unsafe SSL_do_handshake(side)
        if result == 1 { return true }
        let error = unsafe SSL_get_error(side, result)
        if error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE { return false }
        throw Failed(description: "\(name): \(ErrorQueue.drain())")
    }

    /// Sends bytes one way and gives back what arrives.
    func send(_ bytes: [UInt8], fromServer: Bool) -> [UInt8] {
        let from = unsafe fromServer ? server : client
        let to = unsafe fromServer ? client : server
        ErrorQueue.clear()
        unsafe SSL_write(from, bytes, CInt(bytes.count))
        var buffer = [UInt8](repeating: 0, count: bytes.count + 1)
        let count = unsafe SSL_read(to, &buffer, CInt(buffer.count))
        return Array(buffer.prefix(max(0, Int(count))))
    }

    var version: String { unsafe String(cString: SSL_get_version(server)) }
    var cipher: String { unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(server))) }
    var wasResumed: Bool { unsafe SSL_session_reused(client) == 1 }
    /// To be given to a later client.
    var session: Session? { unsafe SSL_get1_session(client).map { unsafe Session($0) } }
    var chainLength: Int { Int(unsafe OPENSSL_sk_num(SSL_get_peer_cert_chain(client))) }

    var selectedProtocol: String {
        var name: UnsafePointer<UInt8>?
        var length: CUnsignedInt = 0
        unsafe SSL_get0_alpn_selected(client, &name, &length)
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }
}
