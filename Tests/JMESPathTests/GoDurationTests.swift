import JMESPath
import Testing

/// Source: Go's `time.ParseDuration` and `Duration.String`.
@Suite struct GoDurationTests {
    static let durations: [(text: String, canonical: String)] = [
        ("0", "0s"), ("0s", "0s"), ("1s", "1s"), ("-1s", "-1s"), ("+1s", "1s"), ("1.5s", "1.5s"), (".5s", "500ms"),
        ("1.s", "1s"), ("168h", "168h0m0s"), ("1h30m", "1h30m0s"),
        ("90m", "1h30m0s"), ("1ns", "1ns"), ("1us", "1µs"), ("1µs", "1µs"), ("1μs", "1µs"), ("1500us", "1.5ms"),
        ("1h0.5s", "1h0m0.5s"), ("0.1ns", "0s"), ("3s1h", "1h0m3s"),
        ("2562047h47m16.854775807s", "2562047h47m16.854775807s"),
        ("-2562047h47m16.854775808s", "-2562047h47m16.854775808s"),
    ]

    @Test(arguments: durations)
    func reads(_ text: String, _ canonical: String) throws {
        let duration = try #require(GoDuration(text))
        #expect(duration.description == canonical)
        #expect(GoDuration(canonical) == duration)
    }

    @Test(arguments: [
        "", "1", "-", "+", "s", ".s", "1d", "1h-1m", "1 h", "1S", "--1s", "2562047h47m16.854775808s", "99999999h",
        "1e3s",
    ])
    func refuses(_ text: String) {
        #expect(GoDuration(text) == nil)
    }

    @Test func compares() throws {
        #expect(try #require(GoDuration("60m")) == #require(GoDuration("1h")))
        #expect(try #require(GoDuration("59m")) < #require(GoDuration("1h")))
    }
}
