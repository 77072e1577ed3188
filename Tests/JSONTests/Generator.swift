import JSON

/// A small generator of the same numbers on every run (SplitMix64).
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

/// A value as a test makes it, to compare with what the document says.
indirect enum Tree: Equatable {
    case null
    case boolean(Bool)
    case number(String)
    case string(String)
    case array([Tree])
    case object([(key: String, value: Tree)])

    static func == (one: Tree, other: Tree) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.boolean(let one), .boolean(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)):
            one.elementsEqual(other) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
        default: false
        }
    }

    init(_ value: Value) {
        switch value.kind {
        case .null: self = .null
        case .boolean: self = .boolean(value.boolean == true)
        case .number: self = .number(value.numberText ?? "")
        case .string: self = .string(value.string ?? "")
        case .array: self = .array(value.elements.map { Tree($0) })
        case .object: self = .object(value.members.map { ($0.key, Tree($0.value)) })
        }
    }

    init(random generator: inout Generator, depth: Int = 0) {
        switch generator.below(depth > 5 ? 4 : 7) {
        case 0: self = .null
        case 1: self = .boolean(.random(using: &generator))
        case 2: self = .number(Self.number(&generator))
        case 3: self = .string(Self.text(&generator))
        case 4: self = .array((0..<generator.below(6)).map { _ in Tree(random: &generator, depth: depth + 1) })
        default:
            var keys: Set<[UInt8]> = []
            var members: [(key: String, value: Tree)] = []
            // Now and then more keys than are compared pair by pair.
            for _ in 0..<generator.below(generator.below(8) == 0 ? 40 : 7) {
                let key = Self.text(&generator)
                guard keys.insert(Array(key.utf8)).inserted else { continue }
                members.append((key, Tree(random: &generator, depth: depth + 1)))
            }
            self = .object(members)
        }
    }

    private static func number(_ generator: inout Generator) -> String {
        ["0", "-0", "1", "-12", "1.50", "6.02e23", "1E-7", "123456789012345678901234567890", "0.0"]
            .randomElement(using: &generator) ?? "0"
    }

    static func text(_ generator: inout Generator) -> String {
        let pieces = [
            "a", "image", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "e\u{301}", "\u{2028}", "\u{2029}",
            "\u{FFFF}", "🐳", "containers", "12345678", "x=y,",
        ]
        return (0..<generator.below(6)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    }

    func write(to writer: inout Writer) {
        switch self {
        case .null: writer.null()
        case .boolean(let boolean): writer.boolean(boolean)
        case .number(let text): writer.raw(Array(text.utf8))
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, value) in members {
                writer.key(key)
                value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// Another spelling of the same value: space between tokens, and some characters of strings as escape sequences.
    func spelled(_ generator: inout Generator) -> [UInt8] {
        let space = ["", " ", "\n\t", "\r"].randomElement(using: &generator) ?? ""
        return Array(spelled(&generator, space).utf8)
    }

    private func spelled(_ generator: inout Generator, _ space: String) -> String {
        switch self {
        case .null: return "\(space)null\(space)"
        case .boolean(let boolean): return "\(space)\(boolean)\(space)"
        case .number(let text): return "\(space)\(text)\(space)"
        case .string(let text): return space + Self.spelled(text, &generator)
        case .array(let elements):
            let parts = elements.map { $0.spelled(&generator, space) }
            return "\(space)[\(space)\(parts.joined(separator: ","))]"
        case .object(let members):
            let parts = members.map { member in
                let key = Self.spelled(member.key, &generator)
                return "\(space)\(key)\(space):\(member.value.spelled(&generator, space))"
            }
            return "{\(space)\(parts.joined(separator: ","))}\(space)"
        }
    }

    private static func spelled(_ text: String, _ generator: inout Generator) -> String {
        var spelling = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            guard mustEscape || generator.below(4) == 0 else {
                spelling.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: generator.below(2) == 0)
                spelling += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return spelling + "\""
    }
}
