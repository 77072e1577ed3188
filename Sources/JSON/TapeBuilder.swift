/// Reads a text once, from left to right and without recursion, and writes its tape.
///
/// Source: RFC 8259. The scanners of strings and numbers have files of their own.
struct TapeBuilder {
    private(set) var tape: [Entry] = []
    private(set) var hasSupersededMembers = false

    private let limits: ParseLimits
    private let duplicateKeys: DuplicateKeys

    /// The arrays and objects that are open at this point, outermost first.
    private var open: [Container] = []
    /// The keys of all open objects, outermost first; those of the innermost lie at the end.
    private var keys: [Key] = []

    private struct Container {
        var tapeIndex: Int
        var isObject: Bool
        var count: Int
        /// Where in `keys` this object's begin.
        var firstKey: Int
    }

    init(limits: ParseLimits, duplicateKeys: DuplicateKeys) {
        self.limits = limits
        self.duplicateKeys = duplicateKeys
    }

    mutating func read(_ bytes: Span<UInt8>) throws(ParseError) {
        guard bytes.count <= limits.maximumBytes else { throw ParseError(.tooLong(limit: limits.maximumBytes), at: 0) }
        // An admission review has an entry for every 16 bytes or so; the array grows where that is too few.
        tape.reserveCapacity(bytes.count / 12 + 8)

        var position = 0
        values: while true {
            position = Self.skipSpace(bytes, position)
            guard position < bytes.count else { throw ParseError(.unexpectedEnd, at: position) }

            // (1) A value starts here. One that opens a container is followed by its first element, unless it is empty.
            switch bytes[position] {
            case UInt8(ascii: "{"):
                try begin(isObject: true, at: position)
                position = Self.skipSpace(bytes, position + 1)
                if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
                    try end(bytes, at: position)
                    position += 1
                } else {
                    position = try readKey(bytes, position)
                    continue values
                }
            case UInt8(ascii: "["):
                try begin(isObject: false, at: position)
                position = Self.skipSpace(bytes, position + 1)
                if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
                    try end(bytes, at: position)
                    position += 1
                } else {
                    continue values
                }
            case UInt8(ascii: "\""):
                let string = try StringScanner.scan(bytes, from: position + 1)
                tape.append(
                    Entry(.string, offset: position + 1, payload: string.end - position - 1, escaped: string.escaped))
                position = string.end + 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let end = try NumberScanner.scan(bytes, from: position)
                tape.append(Entry(.number, offset: position, payload: end - position))
                position = end
            case UInt8(ascii: "t"):
                position = try readLiteral(bytes, position, "true", .isTrue)
            case UInt8(ascii: "f"):
                position = try readLiteral(bytes, position, "false", .isFalse)
            case UInt8(ascii: "n"):
                position = try readLiteral(bytes, position, "null", .null)
            default:
                throw ParseError(.expected("a value"), at: position)
            }

            // (2) A value has ended, and with it perhaps the containers around it.
            while true {
                position = Self.skipSpace(bytes, position)
                guard let innermost = open.indices.last else {
                    guard position == bytes.count else { throw ParseError(.trailingText, at: position) }
                    return
                }
                guard position < bytes.count else { throw ParseError(.unexpectedEnd, at: position) }
                open[innermost].count += 1
                let isObject = open[innermost].isObject
                switch bytes[position] {
                case UInt8(ascii: ","):
                    position += 1
                    if isObject { position = try readKey(bytes, Self.skipSpace(bytes, position)) }
                    continue values
                case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
                    try end(bytes, at: position)
                    position += 1
                default:
                    throw ParseError(.expected(isObject ? "',' or '}'" : "',' or ']'"), at: position)
                }
            }
        }
    }

    // MARK: Containers

    private mutating func begin(isObject: Bool, at offset: Int) throws(ParseError) {
        guard open.count < limits.maximumDepth else {
            throw ParseError(.tooDeep(limit: limits.maximumDepth), at: offset)
        }
        open.append(Container(tapeIndex: tape.count, isObject: isObject, count: 0, firstKey: keys.count))
        tape.append(Entry(isObject ? .object : .array, offset: offset, payload: 0))
    }

    private mutating func end(_ bytes: Span<UInt8>, at offset: Int) throws(ParseError) {
        guard var container = open.popLast() else { return }
        if container.isObject, keys.count > container.firstKey {
            if keys.count - container.firstKey > 1 {
                container.count -= try resolveDuplicates(bytes, from: container.firstKey)
            }
            keys.removeLast(keys.count - container.firstKey)
        }
        tape[container.tapeIndex].payload = tape.count
        tape.append(Entry(.end, offset: offset, payload: container.count))
    }

    // MARK: Keys

    /// Reads a key and its colon, and returns where the value may start.
    private mutating func readKey(_ bytes: Span<UInt8>, _ start: Int) throws(ParseError) -> Int {
        guard start < bytes.count else { throw ParseError(.unexpectedEnd, at: start) }
        guard bytes[start] == UInt8(ascii: "\"") else { throw ParseError(.expected("a key in quotes"), at: start) }
        let string = try StringScanner.scan(bytes, from: start + 1)
        keys.append(Key(bytes, start + 1..<string.end, escaped: string.escaped, tapeIndex: tape.count))
        tape.append(Entry(.string, offset: start + 1, payload: string.end - start - 1, escaped: string.escaped))

        let colon = Self.skipSpace(bytes, string.end + 1)
        guard colon < bytes.count else { throw ParseError(.unexpectedEnd, at: colon) }
        guard bytes[colon] == UInt8(ascii: ":") else { throw ParseError(.expected("':' after a key"), at: colon) }
        return colon + 1
    }

    /// Refuses the innermost object's duplicate keys or marks all but the last of each; returns how many were marked.
    private mutating func resolveDuplicates(_ bytes: Span<UInt8>, from firstKey: Int) throws(ParseError) -> Int {
        var marked = 0
        var duplicates = DuplicateFinder(first: firstKey, count: keys.count - firstKey)
        while let (earlier, later) = duplicates.next(keys, bytes) {
            let key = keys[later]
            guard duplicateKeys == .keepLast else {
                let text = String(decoding: key.decoded(bytes), as: UTF8.self)
                throw ParseError(.duplicateKey(text), at: key.start - 1)
            }
            tape[keys[earlier].tapeIndex].superseded = true
            hasSupersededMembers = true
            marked += 1
        }
        return marked
    }

    // MARK: Literals and space

    private mutating func readLiteral(
        _ bytes: Span<UInt8>, _ start: Int, _ literal: StaticString, _ kind: Entry.Kind
    ) throws(ParseError) -> Int {
        let text = literal.description.utf8
        var position = start
        for byte in text {
            guard position < bytes.count else { throw ParseError(.unexpectedEnd, at: position) }
            guard bytes[position] == byte else { throw ParseError(.expected(literal.description), at: start) }
            position += 1
        }
        tape.append(Entry(kind, offset: start, payload: position - start))
        return position
    }

    @inline(__always)
    private static func skipSpace(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return position
            }
        }
        return position
    }
}
