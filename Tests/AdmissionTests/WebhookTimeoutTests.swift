import Testing

@testable import Admission

@Suite("The time that a call may take")
struct WebhookTimeoutTests {
    @Test(
        "A Go duration is read",
        arguments: [
            ("10s", Duration.seconds(10)), ("1m", .seconds(60)), ("1m30s", .seconds(90)), ("2.5s", .milliseconds(2500)),
            ("500ms", .milliseconds(500)), ("1500us", .milliseconds(2)), ("1h", .seconds(3600)),
        ])
    func duration(text: String, expected: Duration) {
        #expect(WebhookTimeout.goDuration(text[...]) == expected)
    }

    @Test(
        "What is no positive Go duration is not guessed at",
        arguments: ["", "10", "s", "-1s", "0s", "1x", "1s!", "nan", "1e3s", "2h", "..s", "10 s"])
    func notADuration(text: String) {
        #expect(WebhookTimeout.goDuration(text[...]) == nil)
    }

    @Test("The answer leaves before the API server gives up")
    func margin() {
        #expect(WebhookTimeout.allowance(query: "timeout=10s") == .milliseconds(9500))
        #expect(WebhookTimeout.allowance(query: "timeout=1s") == .milliseconds(900))
        #expect(WebhookTimeout.allowance(query: "a=b&timeout=30s") == .milliseconds(29_500))
        #expect(WebhookTimeout.allowance(query: nil) == .milliseconds(9500))
        #expect(WebhookTimeout.allowance(query: "timeout=banana") == .milliseconds(9500))
        #expect(WebhookTimeout.allowance(query: "timeout=1h") == .milliseconds(29_500))
        #expect(WebhookTimeout.allowance(query: "xtimeout=1s") == .milliseconds(9500))
    }
}
