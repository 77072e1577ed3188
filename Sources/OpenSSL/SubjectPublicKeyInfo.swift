/// The little DER that is written by hand.
enum SubjectPublicKeyInfo {
    /// `rsaEncryption` with its NULL parameters (RFC 3279, section 2.3.1).
    private static let rsaEncryption: [UInt8] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]

    /// Puts a PKCS#1 `RSAPublicKey` into a SubjectPublicKeyInfo. Whether it is one is for the decoder to find out.
    static func wrapping(pkcs1: [UInt8]) -> [UInt8] {
        let bitString = element(tag: 0x03, [0] + pkcs1)
        return element(tag: 0x30, rsaEncryption + bitString)
    }

    private static func element(tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(rest & 0xff), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }
}
