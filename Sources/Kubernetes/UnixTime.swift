import Glibc

/// Seconds since 1970.
enum UnixTime {
    static var now: Int { time(nil) }

    /// Reads RFC 3339, as `2026-11-23T01:02:03Z`, with a fraction, which is dropped, and any offset.
    static func seconds(rfc3339 text: String) -> Int? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }

        var position = 19
        if bytes[position] == UInt8(ascii: ".") {
            position += 1
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }.count
            guard digits > 0 else { return nil }
            position += digits
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        let rest = bytes[position...]
        if rest.count == 1, let zone = rest.first, zone | 0x20 == UInt8(ascii: "z") { return seconds }
        guard rest.count == 6, let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            bytes[position + 3] == UInt8(ascii: ":"), let hours = number(position + 1..<position + 3),
            let minutes = number(position + 4..<position + 6), hours < 24, minutes < 60
        else { return nil }
        let offset = hours * 3_600 + minutes * 60
        return sign == UInt8(ascii: "+") ? seconds - offset : seconds + offset
    }

    /// Days from 1970-01-01, as in Howard Hinnant's description of the civil calendar, whose year begins in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
