/// Writes the Prometheus text format 0.0.4: lines of UTF-8.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []

    mutating func head(_ name: String, help: String, kind: String) {
        bytes += "# HELP \(name) ".utf8
        append(help, escapingQuotes: false)
        bytes += "\n# TYPE \(name) \(kind)\n".utf8
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: UInt64) {
        series(name, labels)
        bytes += "\(value)\n".utf8
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        series(name, labels)
        bytes += "\(Self.text(value))\n".utf8
    }

    mutating func histogram(_ name: String, _ labels: [(String, String)], _ snapshot: Histogram.Snapshot) {
        let bounds = snapshot.bounds.map(Self.text) + ["+Inf"]
        for (bound, count) in zip(bounds, snapshot.cumulativeCounts) {
            sample("\(name)_bucket", labels + [("le", bound)], count)
        }
        sample("\(name)_sum", labels, snapshot.sum)
        sample("\(name)_count", labels, snapshot.count)
    }

    /// A number as Go's ParseFloat reads it; whole numbers without a fraction.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Every whole number up to 2^53 is exact.
        if let whole = Int64(exactly: value), whole.magnitude <= 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    private mutating func series(_ name: String, _ labels: [(String, String)]) {
        bytes += name.utf8
        for (index, (label, value)) in labels.enumerated() {
            bytes += "\(index == 0 ? "{" : ",")\(label)=\"".utf8
            append(value, escapingQuotes: true)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes += (labels.isEmpty ? " " : "} ").utf8
    }

    /// Backslash and line feed are escaped everywhere, quotes only in label values.
    private mutating func append(_ text: String, escapingQuotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\"") where escapingQuotes: bytes += #"\""#.utf8
            default: bytes.append(byte)
            }
        }
    }
}
