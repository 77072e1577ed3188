import Matching

/// A text of which some parts are a policy's, in which `*` and `?` are wildcards, and others are data, in which they
/// stand for themselves.
///
/// Source: spec/verify-images.md, "Conditions and variables": globs are the policy's, never the data's.
struct TextPattern: Sendable, Hashable {
    private(set) var text = ""
    /// The text's bytes, and the two wildcards as numbers that no byte has.
    private var program: [UInt16] = []
    private(set) var isLiteral = true

    private static let star: UInt16 = 0x100
    private static let question: UInt16 = 0x101

    init() {}

    init(_ text: String, isPattern: Bool) { append(text, isPattern: isPattern) }

    mutating func append(_ text: String, isPattern: Bool) {
        self.text += text
        for byte in text.utf8 {
            switch byte {
            case Glob.star where isPattern:
                isLiteral = false
                if program.last != Self.star { program.append(Self.star) }
            case Glob.question where isPattern:
                isLiteral = false
                program.append(Self.question)
            default: program.append(UInt16(byte))
            }
        }
    }

    /// Whether the whole of `other` matches; `?` is one character.
    func matches(_ other: String) -> Bool {
        if isLiteral { return other.utf8.elementsEqual(text.utf8) }
        let bytes = Array(other.utf8)
        var at = 0
        var position = 0
        // Where to go back to: just behind the last `*`, and the position that it has not swallowed yet.
        var resume: (at: Int, position: Int)?
        while position < bytes.count {
            if at < program.count, program[at] == Self.star {
                at += 1
                resume = (at, position)
            } else if at < program.count, program[at] == Self.question {
                at += 1
                position = Self.endOfScalar(in: bytes, at: position)
            } else if at < program.count, program[at] == UInt16(bytes[position]) {
                at += 1
                position += 1
            } else if let last = resume {
                position = Self.endOfScalar(in: bytes, at: last.position)
                at = last.at
                resume = (at, position)
            } else {
                return false
            }
        }
        return program[at...].allSatisfy { $0 == Self.star }
    }

    private static func endOfScalar(in bytes: [UInt8], at position: Int) -> Int {
        var next = position + 1
        // Bytes 10xxxxxx continue a scalar.
        while next < bytes.count, bytes[next] & 0b1100_0000 == 0b1000_0000 { next += 1 }
        return next
    }
}
