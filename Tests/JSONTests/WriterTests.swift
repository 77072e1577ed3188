import JSON
import Testing

@Suite struct WriterTests {
    @Test func putsCommas() {
        var writer = Writer(reservingCapacity: 64)
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(-1)
        writer.integer(UInt64.max)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.endArray()
        writer.key("b")
        writer.boolean(true)
        writer.key("c")
        writer.raw(Array("[2]".utf8))
        writer.key("d")
        writer.base64([1, 2, 3, 4])
        writer.endObject()
        #expect(writer.text == #"{"a":[-1,18446744073709551615,{},null],"b":true,"c":[2],"d":"AQIDBA=="}"#)
    }

    @Test func escapes() {
        var writer = Writer()
        writer.string("\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é🐳\u{2027}\u{2028}\u{2029}\u{202A}\u{E8}")
        let expected = #""\"\\/\b\f\n\r\t\u0000\u001f"# + "\u{7F}é🐳\u{2027}" + #"\u2028\u2029"# + "\u{202A}\u{E8}\""
        #expect(writer.text == expected)
    }

    @Test func copiesValues() throws {
        let root = try Document(text: #"{"a": [1, {"b": 2.50}], "c": "\u0041"}"#).root
        var writer = Writer()
        writer.beginArray()
        for (_, value) in root.members { writer.value(value) }
        writer.endArray()
        #expect(writer.text == #"[[1, {"b": 2.50}],"\u0041"]"#)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func codesAsRFC4648(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func codesEveryByte() {
        for length in 0..<260 {
            let data = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) }
            #expect(Base64.decode(Base64.encode(data)) == data)
        }
        #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm9v\n", "Zm9 ", "Zm-_", "Zg==Zg==", "Z=g=", "é===",
        "\u{0}AAA",
    ])
    func refuses(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
