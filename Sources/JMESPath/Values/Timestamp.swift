#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A moment, with the offset from UTC in which it was written.
public struct Timestamp: Sendable, Hashable {
    /// Since 1970-01-01T00:00:00Z.
    public let seconds: Int
    public let nanoseconds: Int
    /// East of Greenwich, in seconds.
    public let offset: Int

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
}
