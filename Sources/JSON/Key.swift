/// A key of an object that is being read, with a signature that tells most keys apart at a glance. 24 bytes, as a
/// hostile document is nothing but keys.
struct Key {
    /// Equal for equal decoded keys; for different keys nearly always different.
    let signature: UInt64
    private let lowerBound: UInt32
    private let upperBound: UInt32
    private let index: UInt32
    let escaped: Bool

    var start: Int { Int(lowerBound) }
    var end: Int { Int(upperBound) }
    var tapeIndex: Int { Int(index) }

    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, escaped: Bool, tapeIndex: Int) {
        // ``ParseLimits/ceilingBytes`` is far below what 32 bits hold.
        lowerBound = UInt32(truncatingIfNeeded: range.lowerBound)
        upperBound = UInt32(truncatingIfNeeded: range.upperBound)
        index = UInt32(truncatingIfNeeded: tapeIndex)
        self.escaped = escaped
        if escaped {
            let decoded = StringDecoder.decode(bytes.extracting(range))
            signature = Self.signature(decoded.span, 0, decoded.count)
        } else {
            signature = Self.signature(bytes, range.lowerBound, range.upperBound)
        }
    }

    /// The key's bytes after its escape sequences have been decoded.
    func decoded(_ bytes: Span<UInt8>) -> [UInt8] {
        StringDecoder.decode(bytes.extracting(start..<end))
    }

    /// Whether two keys are the same after decoding.
    func isSame(as other: Key, _ bytes: Span<UInt8>) -> Bool {
        guard signature == other.signature else { return false }
        if escaped || other.escaped { return decoded(bytes) == other.decoded(bytes) }
        guard end - start == other.end - other.start else { return false }
        for index in 0..<(end - start) where bytes[start + index] != bytes[other.start + index] { return false }
        return true
    }

    /// A hash that nobody outside this process can aim at, for objects with many keys.
    func hash(_ bytes: Span<UInt8>) -> Int {
        var hasher = Hasher()
        if escaped {
            let decoded = decoded(bytes)
            Self.hash(decoded.span, 0, decoded.count, into: &hasher)
        } else {
            Self.hash(bytes, start, end, into: &hasher)
        }
        return hasher.finalize()
    }

    private static func hash(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, into hasher: inout Hasher) {
        var position = start
        while position + 8 <= end {
            hasher.combine(Word.load(bytes, at: position))
            position += 8
        }
        hasher.combine(partial(bytes, position, end))
        hasher.combine(end - start)
    }

    /// The first and the last eight bytes and the length, mixed.
    @inline(__always)
    private static func signature(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        let length = end &- start
        // Two odd multipliers (from the golden ratio and the square root of 2) spread the bits; their values are not
        // important, as a collision costs one comparison.
        guard length >= 8 else {
            return (partial(bytes, start, end) &+ UInt64(truncatingIfNeeded: length)) &* 0x9E37_79B9_7F4A_7C15
        }
        let first = Word.load(bytes, at: start)
        let last = Word.load(bytes, at: end &- 8)
        return (first &+ UInt64(truncatingIfNeeded: length)) &* 0x9E37_79B9_7F4A_7C15 ^ last &* 0xB504_F333_F9DE_6485
    }

    /// Up to seven bytes as a number.
    @inline(__always)
    private static func partial(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<end {
            word = word << 8 | UInt64(bytes[index])
        }
        return word
    }
}
