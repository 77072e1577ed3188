import JSON
import Testing

@Suite struct PointerTests {
    /// Source: RFC 6901 section 5.
    static let example = #"""
        {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}
        """#

    @Test(arguments: [
        ("/foo", #"["bar", "baz"]"#), ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"),
        ("/g|h", "4"), ("/i\\j", "5"), ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"),
    ])
    func findsAsRFC6901(_ text: String, _ value: String) throws {
        let root = try Document(text: Self.example).root
        let pointer = try Pointer(parsing: text)
        #expect(root.value(at: pointer)?.description == value)
        #expect(pointer.description == text)
    }

    @Test func findsTheWhole() throws {
        let root = try Document(text: Self.example).root
        #expect(try root.value(at: Pointer(parsing: ""))?.source == root.source)
    }

    @Test(arguments: [
        "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/foo/", "/foo/0/x", "/none", "/foo/99999999999999999999",
    ])
    func findsNothing(_ text: String) throws {
        #expect(try Document(text: Self.example).root.value(at: Pointer(parsing: text)) == nil)
    }

    @Test func refusesMalformed() {
        #expect(throws: Pointer.Failure.noLeadingSlash("foo")) { try Pointer(parsing: "foo") }
        #expect(throws: Pointer.Failure.invalidEscape("/a~2")) { try Pointer(parsing: "/a~2") }
        #expect(throws: Pointer.Failure.invalidEscape("/a~")) { try Pointer(parsing: "/a~") }
    }

    @Test func appends() {
        let pointer = Pointer().appending("spec").appending("a/b~c").appending(3)
        #expect(pointer.description == "/spec/a~1b~0c/3")
        #expect(pointer.tokens == ["spec", "a/b~c", "3"])
    }

    @Test func comparesBytes() {
        #expect(Pointer(tokens: ["\u{E9}"]) != Pointer(tokens: ["e\u{301}"]))
        #expect(Set([Pointer(tokens: ["a", "b"]), Pointer(tokens: ["ab"]), Pointer(tokens: ["a", "b"])]).count == 2)
    }
}
