/// The address of a token server, as a registry's challenge gave it.
///
/// It is foreign text that credentials will be sent to, so it is held to a narrow form on which no two URL readers can
/// disagree.
struct Realm: Sendable, Hashable {
    let isSecure: Bool
    /// `host` or `host:port`.
    let authority: String
    private let text: String

    init?(_ text: String) {
        let lowered = text.lowercased()
        let scheme = lowered.hasPrefix("https://") ? "https://" : "http://"
        guard lowered.hasPrefix(scheme) else { return nil }
        let rest = text.utf8.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !authority.isEmpty, authority.allSatisfy(Self.isAuthorityByte), rest.allSatisfy(Self.isURLByte) else {
            return nil
        }
        isSecure = scheme == "https://"
        self.authority = String(decoding: authority, as: UTF8.self).lowercased()
        self.text = text
    }

    /// The realm with `parameters` in its query, percent-encoded.
    func url(adding parameters: [(name: String, value: String)]) -> String {
        guard !parameters.isEmpty else { return text }
        return text + (text.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + Self.form(parameters)
    }

    /// `application/x-www-form-urlencoded`, with everything but unreserved characters percent-encoded.
    static func form(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isAuthorityByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || ".-:[]".utf8.contains(byte) }

    private static func isURLByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
