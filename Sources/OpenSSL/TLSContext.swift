import COpenSSL

/// What every TLS connection of a server shares: certificate, key and settings.
///
/// TLS 1.2 and 1.3; forward secrecy and authenticated encryption only; no renegotiation, no compression, no early data.
/// Sessions resume by tickets alone, one a connection, so the server keeps no session. By ALPN (RFC 7301) it selects
/// `http/1.1`; a client that offers only other protocols gets the alert no_application_protocol, since it would not
/// understand the answers; a client that offers none is taken to speak HTTP/1.1.
///
/// `@unchecked Sendable`: the SSL_CTX behind it is configured here, before anybody else sees it, and never after; OpenSSL
/// lets any number of threads make connections from one SSL_CTX, and each connection holds a reference of its own.
@safe
public final class TLSContext: @unchecked Sendable {
    /// The server's own certificate.
    public let certificate: Certificate

    /// A certificate from a clock this far ahead is taken, in seconds: whoever issued it a moment ago is not wrong.
    static let clockSkew = 300

    /// Forward secrecy and authenticated encryption, AES first. TLS 1.3 has its own list, all of which is good.
    private static let tls12Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

    private static let groups = "X25519:P-256:P-384"

    private let handle: Handle

    /// Prepares a server's side.
    ///
    /// - Parameters:
    ///   - certificateChainPEM: The server's certificate first, then the intermediates.
    ///   - privateKeyPEM: The key of the first certificate, not encrypted.
    ///   - predecessor: The context that this one replaces: its session tickets stay good.
    /// - Throws: ``TLSError``; what could not be served with is refused here, not at the first handshake.
    public convenience init(
        certificateChainPEM: String, privateKeyPEM: String, keepingTicketKeysOf predecessor: TLSContext? = nil
    ) throws(TLSError) {
        try self.init(
            certificateChainPEM: certificateChainPEM, privateKeyPEM: privateKeyPEM, keepingTicketKeysOf: predecessor,
            now: UnixTime.now())
    }

    init(
        certificateChainPEM: String, privateKeyPEM: String, keepingTicketKeysOf predecessor: TLSContext?, now: Int
    ) throws(TLSError) {
        // (1) The chain and the key can be read.
        let (chain, key) = try Self.parse(certificateChainPEM, privateKeyPEM)

        // (2) They belong together, in this order.
        guard chain[0].isFor(key) else {
            if let place = chain.firstIndex(where: { $0.isFor(key) }) { throw .leafNotFirst(position: place + 1) }
            throw .keyMismatch
        }

        // (3) A client would accept the certificate now.
        guard now <= chain[0].notAfter else { throw .expired(notAfter: chain[0].notAfter) }
        guard now >= chain[0].notBefore - Self.clockSkew else { throw .notYetValid(notBefore: chain[0].notBefore) }

        // (4) OpenSSL takes all of it.
        let handle = try Self.configured()
        try Self.install(chain, key, in: handle)
        if let predecessor { try Self.copyTicketKeys(from: predecessor.handle, to: handle) }
        self.certificate = chain[0]
        self.handle = handle
    }

    /// Makes the state of one connection, on the accepting side, with no socket yet.
    ///
    /// - Returns: An `SSL *` that the caller owns: it ends it with `SSL_free`. It keeps the context's parts alive by itself.
    /// - Throws: ``TLSError/refused(_:)``.
    @unsafe
    public func makeSSL() throws(TLSError) -> OpaquePointer {
        ErrorQueue.clear()
        guard let connection = unsafe SSL_new(handle.pointer) else { throw .refused(ErrorQueue.drain()) }
        unsafe SSL_set_accept_state(connection)
        return unsafe connection
    }
}

// MARK: - Setting up

extension TLSContext {
    private static func parse(_ chain: String, _ key: String) throws(TLSError) -> ([Certificate], PrivateKey) {
        let certificates: [Certificate]
        do {
            certificates = try Certificate.chain(inPEM: chain)
        } catch {
            throw .certificate(error)
        }
        do {
            return (certificates, try PrivateKey(pem: key))
        } catch {
            throw .key(error)
        }
    }

    private static func configured() throws(TLSError) -> Handle {
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        guard let context = unsafe Handle(SSL_CTX_new(TLS_server_method()), freedBy: SSL_CTX_free) else {
            throw .refused(ErrorQueue.drain())
        }
        let sessionContext = [UInt8]("countersign".utf8)
        let accepted =
            unsafe countersign_SSL_CTX_set_min_proto_version(context.pointer, TLS1_2_VERSION) == 1
            && countersign_SSL_CTX_set_max_proto_version(context.pointer, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(context.pointer, tls12Ciphers) == 1
            && countersign_SSL_CTX_set1_groups_list(context.pointer, groups) == 1
            && SSL_CTX_set_num_tickets(context.pointer, 1) == 1
            && SSL_CTX_set_session_id_context(context.pointer, sessionContext, CUnsignedInt(sessionContext.count)) == 1
        guard accepted else { throw .refused(ErrorQueue.drain()) }
        unsafe countersign_SSL_CTX_set_server_options(context.pointer)
        unsafe countersign_SSL_CTX_turn_session_cache_off(context.pointer)
        // Half the system calls a request: a record's header and body come in one read.
        unsafe countersign_SSL_CTX_set_read_ahead(context.pointer, 1)
        // Writes on non-blocking sockets may end early and be retried from a buffer that has moved; idle connections give
        // their record buffers (34 KB) back.
        let mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        _ = unsafe countersign_SSL_CTX_set_mode(context.pointer, CLong(mode))
        unsafe SSL_CTX_set_alpn_select_cb(context.pointer, selectProtocol, nil)
        return context
    }

    private static func install(
        _ chain: [Certificate], _ key: PrivateKey, in context: borrowing Handle
    ) throws(TLSError) {
        ErrorQueue.clear()
        guard unsafe SSL_CTX_use_certificate(context.pointer, chain[0].pointer) == 1,
            unsafe SSL_CTX_use_PrivateKey(context.pointer, key.pointer) == 1,
            unsafe SSL_CTX_check_private_key(context.pointer) == 1
        else { throw .refused(ErrorQueue.drain()) }
        for certificate in chain.dropFirst() {
            guard unsafe countersign_SSL_CTX_add1_chain_cert(context.pointer, certificate.pointer) == 1 else {
                throw .refused(ErrorQueue.drain())
            }
        }
    }

    /// A client that holds a ticket resumes with the new context as it would have with the old one.
    private static func copyTicketKeys(
        from old: borrowing Handle, to new: borrowing Handle
    ) throws(TLSError) {
        ErrorQueue.clear()
        var keys = [UInt8](repeating: 0, count: unsafe countersign_SSL_CTX_ticket_keys_length(old.pointer))
        let length = keys.count
        defer { unsafe OPENSSL_cleanse(&keys, length) }
        guard unsafe countersign_SSL_CTX_get_ticket_keys(old.pointer, &keys, length) == 1,
            unsafe countersign_SSL_CTX_set_ticket_keys(new.pointer, &keys, length) == 1
        else { throw .refused(ErrorQueue.drain()) }
    }
}

/// Picks `http/1.1` from the protocols that a client offers: each a length byte and that many bytes (RFC 7301, 3.1).
private let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, selected, selectedLength, offered, offeredLength, _ in
    guard let offered = unsafe offered, let selected = unsafe selected, let selectedLength = unsafe selectedLength
    else {
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    var position = 0
    while position < list.count {
        let start = position + 1
        let end = start + Int(unsafe list[position])
        guard end <= list.count else { break }
        if unsafe list[start..<end].elementsEqual("http/1.1".utf8) {
            // OpenSSL copies the name out of the client's own list, which outlives this call.
            unsafe selected.pointee = unsafe offered + start
            unsafe selectedLength.pointee = UInt8(end - start)
            return SSL_TLSEXT_ERR_OK
        }
        position = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
