/// One step of a document's tape: a scalar, a key, or one end of an array or object. 8 bytes.
///
/// The tape of `{"a":[1,true]}` is: object, string `a`, array, number, true, end, end. An object's members are a key
/// entry followed by the value's entries. The opening entry of a container knows the index of its end, so that a
/// reader skips a subtree in one step, and the end knows how many elements or members there were.
struct Entry: Sendable {
    enum Kind: UInt8 {
        case null, isFalse, isTrue, number, string, array, object, end
    }

    /// Bits 0–31 offset, 32–58 payload, 59 flag `escaped`, 60 flag `superseded`, 61–63 kind.
    private(set) var word: UInt64

    private static let payloadMask: UInt64 = (1 << 27) - 1
    private static let escapedBit: UInt64 = 1 << 59
    private static let supersededBit: UInt64 = 1 << 60

    @inline(__always)
    init(_ kind: Kind, offset: Int, payload: Int, escaped: Bool = false) {
        word =
            UInt64(truncatingIfNeeded: UInt32(truncatingIfNeeded: offset))
            | (UInt64(truncatingIfNeeded: payload) & Self.payloadMask) << 32
            | (escaped ? Self.escapedBit : 0)
            | UInt64(kind.rawValue) << 61
    }

    @inline(__always)
    var kind: Kind {
        switch word >> 61 {
        case 0: .null
        case 1: .isFalse
        case 2: .isTrue
        case 3: .number
        case 4: .string
        case 5: .array
        case 6: .object
        default: .end
        }
    }

    /// Where the token starts: a string's first byte after its quote, otherwise the token's own first byte.
    @inline(__always)
    var offset: Int { Int(truncatingIfNeeded: word & 0xFFFF_FFFF) }

    /// A string's, number's or literal's length in bytes (a string's without its quotes); for an opening entry the
    /// index of its end entry; for an end entry the number of elements or members.
    @inline(__always)
    var payload: Int {
        get { Int(truncatingIfNeeded: (word >> 32) & Self.payloadMask) }
        set {
            let payload = UInt64(truncatingIfNeeded: newValue) & Self.payloadMask
            word = word & ~(Self.payloadMask << 32) | payload << 32
        }
    }

    /// Whether a string contains escape sequences, and so must be decoded to be compared.
    @inline(__always)
    var escaped: Bool { word & Self.escapedBit != 0 }

    /// Whether a key's member does not count, because the same key follows (``DuplicateKeys/keepLast``).
    @inline(__always)
    var superseded: Bool {
        get { word & Self.supersededBit != 0 }
        set { word = newValue ? word | Self.supersededBit : word & ~Self.supersededBit }
    }
}
