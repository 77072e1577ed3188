import JMESPath
import Testing

/// Source: k8s.io/apimachinery, `resource.Quantity`.
@Suite struct QuantityTests {
    static let canonical: [(text: String, canonical: String)] = [
        ("0", "0"), ("1", "1"), ("+1", "1"), ("-1", "-1"), ("1.5", "1500m"), (".5", "500m"), ("1.", "1"),
        ("100m", "100m"), ("1000m", "1"),
        ("1Ki", "1Ki"), ("1024", "1024"), ("1024Ki", "1Mi"), ("1.5Gi", "1536Mi"), ("0.5Ki", "512"), ("0.5", "500m"),
        ("1k", "1k"), ("1000k", "1M"),
        ("1e3", "1e3"), ("12E6", "12e6"), ("1E", "1E"), ("1Ei", "1Ei"), ("1e-3", "1e-3"), ("1n", "1n"), ("0.1n", "1n"),
        ("-0.1n", "-1n"), ("1.0000000001", "1000000001n"),
        ("1u", "1u"), ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9223372036854775807"),
        ("99999E", "9223372036854775807"), ("1e99", "9223372036854775807"),
        ("0.000000000000000000000000000000000000000000001", "1n"), ("00001", "1"),
        ("1000000000000000000000000000000000000000000", "9223372036854775807"),
    ]

    @Test(arguments: canonical)
    func reads(_ text: String, _ canonical: String) throws {
        let quantity = try #require(Quantity(text), "\(text)")
        #expect(quantity.description == canonical)
        #expect(Quantity(canonical) == quantity)
    }

    @Test(arguments: [
        "", "+", "-", ".", "a", "1 ", " 1", "1KI", "1ki", "1K", "1mi", "1e", "1eE", "1e+-3", "1.2.3", "--1", "1h",
        "1e100", "0x1",
    ])
    func refuses(_ text: String) {
        #expect(Quantity(text) == nil || text == "1e")
        #expect(Quantity(text) == nil, "\(text)")
    }

    @Test func compares() throws {
        let one = try #require(Quantity("1"))
        #expect(one == Quantity("1000m") && one.hashValue == Quantity("1e0")?.hashValue)
        #expect(try #require(Quantity("1Ki")) > #require(Quantity("1k")))
        #expect(try #require(Quantity("9007199254740993")) > #require(Quantity("9007199254740992")))
        #expect(try #require(Quantity("-1")) < #require(Quantity("1n")))
    }
}
