/// Lower-case hexadecimal.
enum Hexadecimal {
    private static let digits = [UInt8]("0123456789abcdef".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        let digits = digits
        return unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in bytes.indices {
                unsafe text[2 * index] = digits[Int(bytes[index] >> 4)]
                unsafe text[2 * index + 1] = digits[Int(bytes[index] & 0xf)]
            }
            return bytes.count * 2
        }
    }

    /// - Returns: nil for anything but pairs of lower-case digits.
    static func decode(_ text: String) -> [UInt8]? {
        let characters = [UInt8](text.utf8)
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: 0, to: characters.count, by: 2) {
            guard let high = value(characters[index]), let low = value(characters[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
