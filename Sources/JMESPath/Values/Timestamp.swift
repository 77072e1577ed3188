#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A moment, with the offset from UTC in which it was written. Comparing looks at the moment alone.
public struct Timestamp: Sendable {
    /// Since 1970-01-01T00:00:00Z.
    public let seconds: Int
    /// From 0 up to 10⁹.
    public let nanoseconds: Int
    /// East of Greenwich, in seconds.
    public let offset: Int

    static let secondsPerDay = 86_400

    public init(seconds: Int, nanoseconds: Int = 0, offset: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.offset = offset
    }

    /// The system's clock.
    public static var now: Timestamp {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// Reads RFC 3339.
    ///
    /// - Returns: nil for anything else.
    public init?(rfc3339 text: String) {
        guard let timestamp = TimeLayout.rfc3339.parse(text) else { return nil }
        self = timestamp
    }

    public var utc: Timestamp { Timestamp(seconds: seconds, nanoseconds: nanoseconds) }

    /// - Returns: nil where the result is outside of the years 0 to 9999.
    public func adding(_ duration: GoDuration) -> Timestamp? {
        var seconds = seconds + Int(duration.nanoseconds / GoDuration.nanosecondsPerSecond)
        var nanoseconds = nanoseconds + Int(duration.nanoseconds % GoDuration.nanosecondsPerSecond)
        if nanoseconds < 0 {
            nanoseconds += 1_000_000_000
            seconds -= 1
        } else if nanoseconds >= 1_000_000_000 {
            nanoseconds -= 1_000_000_000
            seconds += 1
        }
        let result = Timestamp(seconds: seconds, nanoseconds: nanoseconds, offset: offset)
        return (0...9999).contains(result.date.year) ? result : nil
    }

    /// The time from `earlier` to this, the longest duration there is where it is longer.
    public func timeSince(_ earlier: Timestamp) -> GoDuration {
        let difference =
            Int128(seconds - earlier.seconds) * 1_000_000_000 + Int128(nanoseconds - earlier.nanoseconds)
        return GoDuration(nanoseconds: Int64(clamping: difference))
    }

    /// Rounded down to a multiple of `duration` since the start of the year 1 in UTC; unchanged unless it is positive.
    ///
    /// Source: Go's `Time.Truncate`.
    public func truncated(to duration: GoDuration) -> Timestamp {
        guard duration.nanoseconds > 0 else { return self }
        let since = Int128(seconds - Self.yearOne) * 1_000_000_000 + Int128(nanoseconds)
        var rest = since % Int128(duration.nanoseconds)
        if rest < 0 { rest += Int128(duration.nanoseconds) }
        let total = since - rest
        var nanoseconds = total % 1_000_000_000
        if nanoseconds < 0 { nanoseconds += 1_000_000_000 }
        let seconds = (total - nanoseconds) / 1_000_000_000
        return Timestamp(seconds: Int(seconds) + Self.yearOne, nanoseconds: Int(nanoseconds), offset: offset)
    }

    private static let yearOne = CivilDate(year: 1, month: 1, day: 1).daysSince1970 * secondsPerDay

    // MARK: Parts

    /// The date on a calendar where it was written.
    var date: CivilDate {
        CivilDate(daysSince1970: Self.floorDivision(seconds + offset, Self.secondsPerDay))
    }

    /// Where it was written, from 0 up to 86,400.
    var secondOfDay: Int {
        seconds + offset - Self.floorDivision(seconds + offset, Self.secondsPerDay) * Self.secondsPerDay
    }

    /// From 0, a Sunday.
    var weekday: Int {
        // 1970-01-01 was a Thursday.
        let days = Self.floorDivision(seconds + offset, Self.secondsPerDay) + 4
        return days - Self.floorDivision(days, 7) * 7
    }

    private static func floorDivision(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}

extension Timestamp: Comparable, Hashable {
    public static func == (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(seconds)
        hasher.combine(nanoseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in whole seconds, in the offset in which it was written.
    public var description: String {
        let date = date
        let second = secondOfDay
        var text = Self.digits(date.year, 4) + "-" + Self.digits(date.month, 2) + "-" + Self.digits(date.day, 2)
        text += "T" + Self.digits(second / 3600, 2) + ":" + Self.digits(second / 60 % 60, 2)
        text += ":" + Self.digits(second % 60, 2)
        guard offset != 0 else { return text + "Z" }
        let minutes = abs(offset) / 60
        return text + (offset < 0 ? "-" : "+") + Self.digits(minutes / 60, 2) + ":" + Self.digits(minutes % 60, 2)
    }

    private static func digits(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
