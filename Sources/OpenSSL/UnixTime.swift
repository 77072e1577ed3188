import Glibc

/// Seconds since 1970, without Foundation.
enum UnixTime {
    /// The wall clock, in seconds.
    static func now() -> Int {
        time(nil)
    }

    /// Such as `2026-11-23T02:15:00Z`.
    static func text(_ seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = unsafe tm()
        guard unsafe gmtime_r(&moment, &parts) != nil else { return "\(seconds) seconds after 1970" }
        func padded(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = unsafe "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        return unsafe "\(date)T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))Z"
    }
}
