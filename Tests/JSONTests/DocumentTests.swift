import JSON
import Testing

@Suite struct DocumentTests {
    @Test func looksUpValues() throws {
        let root = try Document(text: #"{"a": {"b": [1, "two", null, true]}, "": 0, "n": -1.5e3}"#).root
        #expect(root["a"]?["b"]?[1]?.string == "two")
        #expect(root["a"]?["b"]?[1]?.equals("two") == true)
        #expect(root["a"]?["b"]?[1]?.equals("twx") == false)
        #expect(root["a"]?["b"]?[2]?.isNull == true)
        #expect(root["a"]?["b"]?[3]?.boolean == true)
        #expect(root["a"]?["b"]?[4] == nil)
        #expect(root["a"]?["b"]?[-1] == nil)
        #expect(root["a"]?["b"]?["b"] == nil)
        #expect(root["b"] == nil)
        #expect(root[0] == nil)
        #expect(root[""]?.integer == 0)
        #expect(root["n"]?.numberText == "-1.5e3")
        #expect(root["n"]?.double == -1500)
        #expect(root["n"]?.integer == nil)
        #expect(root.count == 3)
        #expect(root["a"]?["b"]?.count == 4)
        #expect(root["n"]?.count == 0)
        #expect(root.members.map(\.key) == ["a", "", "n"])
        #expect(root["a"]?.elements.map(\.kind).isEmpty == true)
        #expect(root["a"]?["b"]?.members.map(\.key).isEmpty == true)
        #expect(root["a"]?["b"]?.description == #"[1, "two", null, true]"#)
    }

    @Test func comparesDecodedKeys() throws {
        let root = try Document(text: #"{"im\u0061ge": "\ud83d\udc33\/\n"}"#).root
        #expect(root["image"]?.string == "🐳/\n")
        #expect(root["image"]?.equals("🐳/\n") == true)
        #expect(root["image"]?.equals("🐳") == false)
        #expect(root["imag"] == nil)
        #expect(root["im\\u0061ge"] == nil)
    }

    @Test func keysAreBytes() throws {
        let root = try Document(text: #"{"é": 1, "e\u0301": 2}"#).root
        #expect(root["\u{E9}"]?.integer == 1)
        #expect(root["e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [
        #"{"image": 1, "im\u0061ge": 2}"#, #"{"a": 1, "b": 2, "a": 3}"#, #"[{"x": {"": 1, "": 2}}]"#,
        #"{"\u0069mage": 1, "image": 2}"#, #"{"12345678a12345678": 1, "12345678a12345678": 2}"#,
    ])
    func refusesDuplicateKeys(_ text: String) throws {
        let error = #expect(throws: ParseError.self) { try Document(text: text) }
        guard case .duplicateKey = error?.reason else { throw error ?? ParseError(.unexpectedEnd, at: 0) }
        _ = try Document(text: text, duplicateKeys: .keepLast)
    }

    @Test func saysWhichKeyAndWhere() {
        let error = #expect(throws: ParseError.self) { try Document(text: #"{"image": 1, "im\u0061ge": 2}"#) }
        #expect(error?.description == #"duplicate key "image" at byte 13"#)
    }

    @Test func keepsLast() throws {
        let document = try Document(
            text: #"{"a": 1, "b": {"c": 1, "c": 2}, "a": 3, "a": [4]}"#, duplicateKeys: .keepLast)
        #expect(document.root["a"]?.description == "[4]")
        #expect(document.root.count == 2)
        #expect(document.root.members.map(\.key) == ["b", "a"])
        var writer = Writer()
        writer.value(document.root)
        #expect(writer.text == #"{"b":{"c":2},"a":[4]}"#)
    }

    /// Both ways of looking for duplicates find the same, whatever the number of keys.
    @Test(arguments: [2, 15, 16, 17, 18, 1000])
    func findsDuplicatesAmongManyKeys(_ count: Int) throws {
        let members = (0..<count).map { "\"key-\($0)\": \($0)" }
        #expect(try Document(text: "{" + members.joined(separator: ",") + "}").root.count == count)
        for position in [0, count / 2, count - 1] {
            let again = members + ["\"k\\u0065y-\(position)\": -1"]
            let text = "{" + again.joined(separator: ",") + "}"
            #expect(throws: ParseError.self) { try Document(text: text) }
            let lenient = try Document(text: text, duplicateKeys: .keepLast)
            #expect(lenient.root.count == count)
            #expect(lenient.root["key-\(position)"]?.integer == -1)
        }
    }

    /// 100,000 keys of one length, alike at both ends: quadratic work would take minutes.
    @Test func isNotQuadraticInKeys() throws {
        let members = (100_000..<200_000).map { "\"prefix--\($0)--suffix\":0" }
        #expect(try Document(text: "{" + members.joined(separator: ",") + "}").root.count == 100_000)
    }

    @Test func boundsDepth() throws {
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        _ = try Document(text: deep)
        let error = #expect(throws: ParseError.self) { try Document(text: "[" + deep + "]") }
        #expect(error == ParseError(.tooDeep(limit: 128), at: 128))
        #expect(throws: ParseError.self) { try Document(text: "[{}]", limits: ParseLimits(maximumDepth: 1)) }
        // Reading does not recurse, so the bound may be far above the stack's.
        let deeper = String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000)
        _ = try Document(text: deeper, limits: ParseLimits(maximumDepth: .max))
    }

    @Test func boundsBytes() throws {
        _ = try Document(text: "[12]", limits: ParseLimits(maximumBytes: 4))
        let error = #expect(throws: ParseError.self) {
            try Document(text: "[123]", limits: ParseLimits(maximumBytes: 4))
        }
        #expect(error?.description == "more than 4 bytes at byte 0")
        let bytes = Array("[123]".utf8)
        #expect(throws: ParseError.self) { try Document(copying: bytes.span, limits: ParseLimits(maximumBytes: 4)) }
        var limits = ParseLimits(maximumBytes: .max)
        #expect(limits.maximumBytes == ParseLimits.ceilingBytes)
        limits.maximumBytes = .max
        #expect(limits.maximumBytes == ParseLimits.ceilingBytes)
    }

    @Test(arguments: [
        ("", "unexpected end at byte 0"),
        ("[1", "unexpected end at byte 2"),
        ("[1 2]", "expected ',' or ']' at byte 3"),
        (#"{"a" 1}"#, "expected ':' after a key at byte 5"),
        ("{a: 1}", "expected a key in quotes at byte 1"),
        (#"{"a":1,}"#, "expected a key in quotes at byte 7"),
        ("[1,]", "expected a value at byte 3"),
        ("{} x", "text after the end of the document at byte 3"),
        ("012", "malformed number at byte 0"),
        ("tru", "unexpected end at byte 3"),
        ("trux", "expected true at byte 0"),
        ("\"\u{1}\"", "unescaped control character in a string at byte 1"),
        (#""\x""#, "invalid escape sequence at byte 1"),
        (#""\ud800""#, "half of a surrogate pair at byte 1"),
        (#""\ud800\u0041""#, "half of a surrogate pair at byte 1"),
        (#""\udc00""#, "half of a surrogate pair at byte 1"),
    ])
    func saysWhy(_ text: String, _ message: String) {
        let error = #expect(throws: ParseError.self) { try Document(text: text) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC2], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82, 0x41], [0xFF],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ sequence: [UInt8]) {
        // Inside and outside the stretches that are scanned eight bytes at a time.
        for padding in 0..<10 {
            let bytes = Array("\"".utf8) + Array(repeating: 0x61, count: padding) + sequence + Array("\"".utf8)
            let error = #expect(throws: ParseError.self) { try Document(bytes) }
            #expect(error == ParseError(.invalidUTF8, at: padding + 1))
        }
    }

    @Test func shortensLongKeysInErrors() {
        let key = String(repeating: "k", count: 100_000)
        let error = #expect(throws: ParseError.self) { try Document(text: "{\"\(key)\":1,\"\(key)\":2}") }
        #expect((error?.description.utf8.count ?? .max) < 150)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("12", 12),
        ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999", nil), ("1.0", nil),
        ("1e2", nil), ("\"1\"", nil),
    ])
    func readsIntegers(_ text: String, _ integer: Int?) throws {
        #expect(try Document(text: text).root.integer == integer)
    }

    @Test func refusesInfiniteDoubles() throws {
        #expect(try Document(text: "1e400").root.double == nil)
        #expect(try Document(text: "1e400").root.numberText == "1e400")
        #expect(try Document(text: "1e-400").root.double == 0)
    }

    @Test func comparesByMeaning() throws {
        func equal(_ one: String, _ other: String) throws -> Bool {
            try Document(text: one).root.isEqual(to: Document(text: other).root)
        }
        #expect(try equal(#"{"a":1,"b":[true,null]}"#, #"{ "b":[true, null], "\u0061": 1.0 }"#))
        #expect(try equal("100", "1e2"))
        #expect(try equal("-0.0", "0e7"))
        #expect(try equal("1e99999999999999999999", "1e99999999999999999999"))
        #expect(try equal("0.10", "1e-1"))
        #expect(try !equal("1e99999999999999999999", "1e99999999999999999998"))
        #expect(try !equal("9007199254740993", "9007199254740992"))
        #expect(try !equal("-1", "1"))
        #expect(try !equal("[1,2]", "[2,1]"))
        #expect(try !equal(#"{"a":1}"#, #"{"b":1}"#))
        #expect(try !equal(#"{"a":1}"#, #"{"a":1,"b":2}"#))
        #expect(try !equal(#""1""#, "1"))
        #expect(try !equal("true", "false"))
    }
}
