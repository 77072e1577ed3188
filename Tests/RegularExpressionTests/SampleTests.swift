import RegularExpression
import Testing

@Suite struct SampleTests {
    @Test(arguments: [
        "[0-9a-z]{5}", "[A-Z0-9]{8}-[A-Z0-9]{4}-[A-Z0-9]{12}", "a|b|cd", "(x|y)*z?", #"\d+\.\d{2}"#, "[^a-z]{3}",
        ".{4}",
        #"\pL"#, "",
    ])
    func matchesItsPattern(_ text: String) throws {
        let pattern = try Pattern(text)
        let whole = try Pattern("^(?:\(text))$")
        var bits: UInt64 = 1
        var samples: Set<String> = []
        for _ in 0..<50 {
            let sample = pattern.sample {
                bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return bits >> 33
            }
            let made = try #require(sample)
            #expect(whole.matches(made), "\(made)")
            samples.insert(made)
        }
        #expect(samples.count > 1 || text.isEmpty)
    }

    @Test func refusesWhatIsTooLong() throws {
        #expect(try Pattern("(a{1000}){19}").sample { 0 }?.utf8.count == 19_000)
        #expect(try Pattern("(((a*)*)*)*").sample { 32 } == nil)
        #expect(try Pattern("[^ -~]").sample { 0 } == nil)
    }
}
