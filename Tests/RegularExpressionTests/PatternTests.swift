import RegularExpression
import Testing

@Suite struct PatternTests {
    /// Pattern, text, and what the leftmost match takes (nil: none), then each group.
    static let cases: [(pattern: String, text: String, groups: [String?]?)] = [
        // Characters and sequences
        ("", "abc", [""]), ("b", "abc", ["b"]), ("bc", "abcbc", ["bc"]), ("x", "abc", nil), ("é", "café", ["é"]),
        ("a.c", "abc", ["abc"]), ("a.c", "a\nc", nil), ("(?s)a.c", "a\nc", ["a\nc"]), (".", "漢字", ["漢"]),
        (#"a\.c"#, "abc", nil), (#"a\.c"#, "a.c", ["a.c"]), (#"\Qa.c\E+"#, "a.ccc", ["a.ccc"]),
        (#"\Qa|b"#, "a|b", ["a|b"]),
        (#"\n\t\x41\x{1F600}\101"#, "\n\tA😀A", ["\n\tA😀A"]), (#"\0"#, "\0", ["\0"]), ("{", "{", ["{"]),
        ("a{,2}", "a{,2}", ["a{,2}"]),
        ("a{1", "a{1", ["a{1"]), ("]", "]", ["]"]),
        // Alternatives: the first that matches, not the longest
        ("a|ab", "ab", ["a"]), ("ab|a", "ab", ["ab"]), ("(a|ab)(c|bcd)(d*)", "abcd", ["abcd", "a", "bcd", ""]),
        ("a||b", "b", [""]),
        ("(?:x|y)+z", "axyxz", ["xyxz"]),
        // Repetition
        ("a*", "baa", [""]), ("a+", "baa", ["aa"]), ("a?", "a", ["a"]), ("a*?", "aa", [""]), ("a+?", "aa", ["a"]),
        ("a??b", "ab", ["ab"]),
        ("a{2}", "aaa", ["aa"]), ("a{2,}", "aaaa", ["aaaa"]), ("a{1,3}", "aaaa", ["aaa"]), ("a{1,3}?", "aaaa", ["a"]),
        ("a{0}b", "ab", ["b"]),
        ("(a{2}){2}", "aaaaa", ["aaaa", "aa"]), ("(?U)a+", "aa", ["a"]), ("(?U)a+?", "aa", ["aa"]),
        ("(a*)*", "b", ["", ""]), ("(a*)+", "b", ["", ""]),
        ("(a|b)*", "abba", ["abba", "a"]), ("(a+)(b+)?", "aac", ["aa", "aa", nil]), ("<.*?>", "<a><b>", ["<a>"]),
        // Classes
        ("[abc]+", "xcabx", ["cab"]), ("[^abc]+", "abxyc", ["xy"]), ("[a-c0-2]+", "z2b0", ["2b0"]),
        ("[]a]+", "a]", ["a]"]), ("[a-]+", "-a-", ["-a-"]),
        (#"[\d\-x]+"#, "a1-x", ["1-x"]), (#"\w+"#, "é_a1", ["_a1"]), (#"\W"#, "aé", ["é"]),
        (#"\s+"#, "a \t\n", [" \t\n"]), (#"\S"#, " x", ["x"]), (#"\D"#, "1a", ["a"]),
        (#"[^\d]"#, "1a", ["a"]), (#"[\D]"#, "1é", ["é"]), (#"[[:alpha:]]+"#, "1ab2", ["ab"]),
        (#"[[:^digit:]]"#, "1a", ["a"]), ("[[:word:]-]+", "a-b", ["a-b"]), ("[[:x]+", "[:x", ["[:x"]),
        (#"\pL+"#, "1aé漢", ["aé漢"]), (#"\p{Lu}"#, "aÉ", ["É"]), (#"\PL"#, "a1", ["1"]), (#"\p{^L}"#, "a1", ["1"]),
        (#"[\pL\d]+"#, "-é1-", ["é1"]), (#"[^\PL]"#, "1é", ["é"]), (#"\p{Any}"#, "x", ["x"]),
        ("[^\\x00-\\x{10FFFF}]", "a", nil), (#"[\x{100}-\x{200}]"#, "ą", ["ą"]),
        // Case
        ("(?i)abc", "xABcx", ["ABc"]), ("(?i)ÉTÉ", "été", ["été"]), ("(?i)[a-c]+", "xBCA", ["BCA"]),
        ("(?i)[^a]", "A", nil), ("(?i)k", "\u{212A}", ["\u{212A}"]), ("(?i)[k]", "\u{212A}", ["\u{212A}"]),
        ("(?i)σ", "ς", ["ς"]), ("(?i)ı", "i", nil),
        ("a(?i)b", "aB", ["aB"]), ("a(?i)b", "AB", nil), ("(?i:a)b", "Ab", ["Ab"]), ("(?i:a)b", "AB", nil),
        ("((?i)a|b)c", "Bc", ["Bc", "B"]), ("(?i)a(?-i)b", "AB", nil), ("(?i-s:A.)", "ab", ["ab"]),
        // Assertions
        ("^b", "ab", nil), ("^a", "ab", ["a"]), ("b$", "ab", ["b"]), ("a$", "ab", nil), ("a$", "a\n", nil),
        ("(?m)^b$", "a\nb\nc", ["b"]), (#"(?m)\Ab"#, "a\nb", nil), (#"(?m)a\z"#, "a\nb", nil),
        (#"\bfoo\b"#, "a foo b", ["foo"]), (#"\bfoo\b"#, "afoo", nil), (#"\Boo"#, "foo", ["oo"]), ("^$", "", [""]),
        ("(^|,)b", "a,b", [",b", ","]), ("(?:^a|b)", "cb", ["b"]),
        // Groups
        ("(a)(b)?(c)", "ac", ["ac", "a", nil, "c"]),
        ("(?P<year>[0-9]+)-(?<m>[0-9]+)", "on 2026-11", ["2026-11", "2026", "11"]), ("()", "a", ["", ""]),
        ("(?:a)(b)", "ab", ["ab", "b"]), ("(|a)*", "aa", ["", ""]), ("(|a)+", "aa", ["", ""]),
        ("(a|b|)*c", "abc", ["abc", "b"]),
    ]

    @Test(arguments: cases)
    func finds(_ pattern: String, _ text: String, _ groups: [String?]?) throws {
        let compiled = try Pattern(pattern)
        let bytes = Array(text.utf8)
        let found = compiled.firstMatch(in: text)?.map { range in
            range.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        #expect(found == groups, "/\(pattern)/ on \(text)")
        #expect(compiled.matches(text) == (groups != nil))
    }

    static let refused: [(pattern: String, reason: String)] = [
        ("(a", "not closed"), ("a)", "closes no group"), ("[a", "not closed"), ("[]", "not closed"),
        ("*a", "nothing comes before"), ("a**", "follows a repetition"), ("a+*", "follows a repetition"),
        ("|*", "nothing comes before"), ("(*)", "nothing comes before"),
        (#"(a)\1"#, "backreferences"), (#"\8"#, "backreferences"), (#"\k<a>"#, "backreferences"),
        ("(?=a)", "lookahead"), ("(?!a)", "lookahead"), ("(?<=a)", "lookbehind"), ("(?<!a)", "lookbehind"),
        ("(?>a)", "not supported"), ("(?x)a", "not supported"), ("(?-)a", "malformed"), ("(?i", "not closed"),
        ("(?P<>a)", "malformed"), ("(?P<a", "malformed"), ("(?<a>.)(?<a>.)", "two groups"),
        ("a{1001}", "1000"), ("a{2,1}", "at least 2"), ("(a{1000}){1000}", "too large"), ("[b-a]", "ends before"),
        (#"\p{Greek}"#, "general categories"), (#"\pX"#, "general categories"), (#"\p{L"#, "not closed"),
        ("[[:foo:]]", "no class"), (#"\x{110000}"#, "no character"), (#"\xZ"#, "two hexadecimal"),
        (#"\x{}"#, "no character"), (#"\x{12"#, "malformed"), (#"\y"#, "means nothing"), (#"\é"#, "means nothing"),
        ("a\\", "ends the pattern"), (#"\C"#, "not supported"), (#"\Z"#, "not supported"),
        (String(repeating: "(", count: 300), "inside one another"), (String(repeating: "a", count: 9000), "bytes"),
    ]

    @Test(arguments: refused)
    func refuses(_ pattern: String, _ reason: String) throws {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.description.contains(reason) == true, "/\(pattern)/: \(error?.description ?? "")")
    }

    static let replacements: [(pattern: String, text: String, template: String, result: String)] = [
        ("a", "banana", "o", "bonono"), ("", "ab", "-", "-a-b-"), ("a*", "baac", "x", "xbxcx"),
        ("([0-9])([0-9])", "hello im 42 months old", "${1}1", "hello im 41 months old"), ("(a)(b)", "ab", "$2$1", "ba"),
        ("(?P<x>a)", "a", "<$x>", "<a>"), ("(?P<x>a)", "a", "<${x}y>", "<ay>"), ("a", "a", "$$1", "$1"),
        ("a", "a", "$0$0", "aa"), ("a", "a", "$9", ""), ("(a)|b", "ab", "[$1]", "[a][]"), ("(a)", "a", "$1x", ""),
        ("a", "a", "$", "$"), ("a", "a", "${x", "${x"), ("a", "a", "$-", "$-"), ("é*", "aé漢", "x", "xax漢x"),
        ("^a", "aaa", "b", "baa"), ("x", "abc", "y", "abc"),
    ]

    @Test(arguments: replacements)
    func replaces(_ pattern: String, _ text: String, _ template: String, _ result: String) throws {
        var steps = Int.max
        #expect(try Pattern(pattern).replacingAll(in: text, with: template, steps: &steps) == result)
    }

    @Test func replacesLiterally() throws {
        var steps = Int.max
        let pattern = try Pattern(#"^(\d{3}-?\d{2}-?\d{4})$"#)
        #expect(try pattern.replacingAllLiterally(in: "123-45-6789", with: "$1", steps: &steps) == "$1")
    }

    @Test func comparesByText() throws {
        #expect(try Pattern("a") == Pattern("a"))
        #expect(try Pattern("a") != Pattern("b"))
        #expect(try Set([Pattern("a"), Pattern("a")]).count == 1)
        #expect(try Pattern("a").description == "a")
    }
}
