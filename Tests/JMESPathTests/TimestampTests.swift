import Foundation
import JMESPath
import Testing

@Suite struct TimestampTests {
    static let times: [(text: String, seconds: Int, description: String)] = [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
        ("2000-02-29T12:00:00Z", 951_825_600, "2000-02-29T12:00:00Z"),
        ("2026-11-23T03:30:00+01:00", 1_795_401_000, "2026-11-23T03:30:00+01:00"),
        ("2021-01-02T15:04:05.999-07:00", 1_609_625_045, "2021-01-02T15:04:05-07:00"),
        ("2021-01-02T15:04:05+00:00", 1_609_599_845, "2021-01-02T15:04:05Z"),
        ("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59Z", 253_402_300_799, "9999-12-31T23:59:59Z"),
    ]

    @Test(arguments: times)
    func reads(_ text: String, _ seconds: Int, _ description: String) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.seconds == seconds && time.description == description)
    }

    @Test(arguments: [
        "", "2021-01-02", "2021-01-02T15:04:05", "2021-13-02T15:04:05Z", "2021-02-29T15:04:05Z", "2021-01-02T24:00:00Z",
        "2021-01-02T15:60:05Z", "2021-01-02T15:04:60Z", "2021-01-02t15:04:05Z", "2021-01-02T15:04:05Z ",
        "2021-01-02T15:04:05.Z", "2021-01-02T15:04:05+1:00", "21-01-02T15:04:05Z", "2021-00-02T15:04:05Z",
        "2021-01-00T15:04:05Z", "2021-01-02T15:04:05+25:00",
    ])
    func refuses(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func agreesWithFoundation() throws {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: -200_000, to: 2_000_000, by: 997) {
            let seconds = day * 86_400 + (day.magnitude % 86_400).hashValue % 1
            let text = Timestamp(seconds: seconds).description
            guard day > -141_000 else { continue }
            #expect(formatter.string(from: Date(timeIntervalSince1970: Double(seconds))) == text)
            #expect(Timestamp(rfc3339: text)?.seconds == seconds)
        }
    }

    @Test func comparesMoments() throws {
        let here = try #require(Timestamp(rfc3339: "2021-01-02T01:00:00+01:00"))
        let there = try #require(Timestamp(rfc3339: "2021-01-02T00:00:00Z"))
        #expect(here == there && here.hashValue == there.hashValue && !(here < there))
        #expect(Timestamp(seconds: 1, nanoseconds: 1) > Timestamp(seconds: 1))
    }

    /// Layout, time, and the moment in RFC 3339 (nil: does not follow the layout).
    static let layouts: [(layout: String, time: String, moment: String?)] = [
        ("January 2, 2006", "March 7, 2021", "2021-03-07T00:00:00Z"),
        ("Jan _2 06 3:04PM", "Mar  7 21 3:09pm", "2021-03-07T15:09:00Z"),
        ("02 Jan 06 15:04 MST", "07 Mar 70 05:06 UTC", "1970-03-07T05:06:00Z"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Sunday, 07-Mar-21 05:06:07 GMT+2", "2021-03-07T05:06:07+02:00"),
        ("2006-01-02 15:04:05.000", "2021-03-07 05:06:07.250", "2021-03-07T05:06:07Z"),
        ("2006-01-02 15:04:05", "2021-03-07 05:06:07.250", "2021-03-07T05:06:07Z"),
        ("2006-01-02 15:04:05.999", "2021-03-07 05:06:07", "2021-03-07T05:06:07Z"),
        ("2006-01-02 15:04:05.000", "2021-03-07 05:06:07", nil), ("2006-002", "2021-066", "2021-03-07T00:00:00Z"),
        ("2006-002", "2021-366", nil), ("2006-002", "2020-366", "2020-12-31T00:00:00Z"),
        ("15:04 -07", "05:06 +03", "0000-01-01T05:06:00+03:00"), ("2006Z0700", "2021Z", "2021-01-01T00:00:00Z"),
        ("2006-0700", "2021-0330", "2021-01-01T00:00:00-03:30"), ("3PM", "13PM", nil), ("Jan", "Foo", nil),
        ("2006-01", "2021-01x", nil), ("1/2/2006", "12/31/2021", "2021-12-31T00:00:00Z"),
        ("03:04PM", "12:00AM", "0000-01-01T00:00:00Z"), ("MST", "x", nil),
    ]

    @Test(arguments: layouts)
    func followsLayouts(_ layout: String, _ time: String, _ moment: String?) throws {
        let query = "time_parse('\(layout)', '\(time)')"
        guard let moment else {
            #expect(Evaluating.error(query) == "invalid-value")
            return
        }
        #expect(try Evaluating.json(query) == "\"\(moment)\"")
    }
}
