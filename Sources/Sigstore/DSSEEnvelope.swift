import JSON
import OpenSSL

/// A dead simple signing envelope: a payload, the name of its type, and signatures over both.
///
/// Source: DSSE 1.0 protocol; spec/signatures.md, "Checking, step by step", 5. A `keyid` is a hint and is not read.
public struct DSSEEnvelope: Sendable, Hashable {
    /// An envelope of an attestation may be signed by several; nobody has had this many.
    static let maximumSignatures = 16

    public let payloadType: String
    public let payload: [UInt8]
    public let signatures: [[UInt8]]

    /// Reads an envelope's own JSON text.
    ///
    /// - Throws: ``SignatureFailure/malformed(_:)``.
    public init(parsing bytes: [UInt8]) throws(SignatureFailure) {
        let document: Document
        do {
            document = try Document(bytes, limits: Bundle.parseLimits, duplicateKeys: .refuse)
        } catch {
            throw .malformed("the envelope is not JSON: \(error)")
        }
        try self.init(document.root)
    }

    /// - Throws: ``SignatureFailure/malformed(_:)``.
    init(_ value: Value) throws(SignatureFailure) {
        guard value.kind == .object else { throw .malformed("the envelope is no object") }
        guard let payloadType = value["payloadType"]?.string, !payloadType.isEmpty else {
            throw .malformed("the envelope has no payloadType")
        }
        guard let payload = value["payload"]?.string.flatMap(Self.decode) else {
            throw .malformed("the envelope's payload is not base64")
        }
        guard let signatures = value["signatures"], signatures.kind == .array, signatures.count > 0 else {
            throw .malformed("the envelope has no signatures")
        }
        guard signatures.count <= Self.maximumSignatures else {
            throw .malformed("the envelope has more than \(Self.maximumSignatures) signatures")
        }
        var decoded: [[UInt8]] = []
        for signature in signatures.elements {
            guard let bytes = signature["sig"]?.string.flatMap(Self.decode), !bytes.isEmpty,
                bytes.count <= SignatureBytes.maximumBytes
            else { throw .malformed("a signature of the envelope is not base64 of a signature") }
            decoded.append(bytes)
        }
        self.payloadType = payloadType
        self.payload = payload
        self.signatures = decoded
    }

    /// The bytes that are signed: `"DSSEv1" SP len(type) SP type SP len(body) SP body`, lengths in ASCII decimal bytes.
    public static func preAuthenticationEncoding(payloadType: String, payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payloadType.utf8.count + payload.count + 64)
        bytes.append(contentsOf: "DSSEv1 \(payloadType.utf8.count) ".utf8)
        bytes.append(contentsOf: payloadType.utf8)
        bytes.append(contentsOf: " \(payload.count) ".utf8)
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// Whether at least one of the envelope's signatures is the key's, over exactly this type and payload.
    func isSigned(by key: PublicKey, hash: HashAlgorithm?) -> Bool {
        let message = Self.preAuthenticationEncoding(payloadType: payloadType, payload: payload)
        return signatures.contains { key.isSignature($0, over: message, hash: hash) }
    }

    /// DSSE lets a signer use the standard alphabet or the URL-safe one, and asks verifiers to take either.
    private static func decode(_ text: String) -> [UInt8]? {
        if let bytes = Base64.decode(text) { return bytes }
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") }) else { return nil }
        let standard = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return Base64.decode(String(decoding: standard, as: UTF8.self))
    }
}
