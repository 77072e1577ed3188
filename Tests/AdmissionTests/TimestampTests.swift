import Testing

@testable import Admission

@Suite("The wall clock as text")
struct TimestampTests {
    @Test(
        "Days and leap days fall where the calendar has them",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_400, 7, "2000-02-29T00:00:00.007Z"),
            (951_868_800, 0, "2000-03-01T00:00:00.000Z"), (1_795_399_923, 456, "2026-11-23T02:12:03.456Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"), (-1, 999, "1969-12-31T23:59:59.999Z"),
        ])
    func text(seconds: Int, milliseconds: Int, expected: String) {
        #expect(Timestamp.text(seconds: seconds, milliseconds: milliseconds) == expected)
    }
}
