/// Eight bytes at a time, in a register.
enum Word {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The eight bytes at `position`, the first in the lowest bits. One bounds check, one load.
    @inline(__always)
    static func load(_ bytes: Span<UInt8>, at position: Int) -> UInt64 {
        let window = bytes.extracting(position..<(position &+ 8))
        return UInt64(window[0]) | UInt64(window[1]) << 8 | UInt64(window[2]) << 16 | UInt64(window[3]) << 24
            | UInt64(window[4]) << 32 | UInt64(window[5]) << 40 | UInt64(window[6]) << 48 | UInt64(window[7]) << 56
    }

    /// The bytes that a string's scanner must look at: quotes, backslashes, control characters and non-ASCII. The
    /// lowest set bit is the high bit of the first such byte; the bits above it may be wrong.
    @inline(__always)
    static func specialBytes(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let hits =
            (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word | word
        return hits & highs
    }
}
