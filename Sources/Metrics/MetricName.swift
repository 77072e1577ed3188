/// The names that Prometheus takes (exposition format 0.0.4).
enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func isMetric(_ name: String) -> Bool {
        isWord(name, alsoAllowing: UInt8(ascii: ":"))
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, without the names that Prometheus keeps to itself or that a histogram adds.
    static func isLabel(_ name: String) -> Bool {
        isWord(name, alsoAllowing: nil) && !name.hasPrefix("__") && name != "le"
    }

    private static func isWord(_ name: String, alsoAllowing extra: UInt8?) -> Bool {
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: continue
            case extra: continue
            default: return false
            }
        }
        return !name.isEmpty
    }
}
