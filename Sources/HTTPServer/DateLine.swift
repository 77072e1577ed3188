import Glibc

/// The Date field, made once a second and not once a response.
///
/// Source: RFC 9110 5.6.7.
enum DateLine {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The whole line for this moment.
    static func now() -> [UInt8] {
        line(unixTime: time(nil))
    }

    /// The whole line for `unixTime`, in seconds since 1970.
    static func line(unixTime: Int) -> [UInt8] {
        let day = unixTime / 86400
        let second = unixTime % 86400
        let (year, month, dayOfMonth) = civil(day)
        let clock = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        return Array(
            "Date: \(weekdays[day % 7]), \(two(dayOfMonth)) \(months[month - 1]) \(year) \(clock) GMT\r\n".utf8)
    }

    private static func two(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// The Gregorian date of a day counted from 1970-01-01, not negative. Years are counted from March, so that the
    /// day that leap years add comes last.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468  // days from 0000-03-01 to 1970-01-01
        let era = shifted / 146_097  // 400 years
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }
}
