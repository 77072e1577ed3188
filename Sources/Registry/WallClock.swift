import Glibc

/// Seconds since 1970.
func unixSeconds() -> Int { time(nil) }
