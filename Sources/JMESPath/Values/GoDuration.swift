/// A duration as Go writes them: `1h30m`, `168h`, `1.5s`, `-2ms`.
///
/// Source: Go's `time.ParseDuration` and `Duration.String`.
public struct GoDuration: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// In billionths of a second.
    public let nanoseconds: Int64

    /// The longest text that is read, in bytes.
    public static let maximumLength = 128
    static let nanosecondsPerSecond: Int64 = 1_000_000_000

    private static let units: [(name: String, nanoseconds: UInt128)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// - Returns: nil for text that is no duration, or one of more than 292 years.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var rest = ArraySlice(text.utf8)
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest.elementsEqual("0".utf8) {
            self.init(nanoseconds: 0)
            return
        }
        guard !rest.isEmpty else { return nil }
        var total: Int128 = 0
        while let first = rest.first {
            guard first != UInt8(ascii: "-"), first != UInt8(ascii: "+"), let number = Decimal(readingFrom: &rest)
            else {
                return nil
            }
            let unit = rest.prefix { $0 != UInt8(ascii: ".") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let factor = Self.units.first(where: { $0.name.utf8.elementsEqual(unit) })?.nanoseconds,
                let part = number.scaled(by: factor, power: 0, .towardZero), part <= Int128(Int64.max) + 1
            else { return nil }
            total += part
            rest = rest[unit.endIndex...]
        }
        guard let nanoseconds = Int64(exactly: isNegative ? -total : total) else { return nil }
        self.init(nanoseconds: nanoseconds)
    }

    public static func < (left: GoDuration, right: GoDuration) -> Bool { left.nanoseconds < right.nanoseconds }

    /// - Returns: nil where the result is out of range.
    func multiplied(by factor: Decimal) -> GoDuration? {
        var factor = factor
        if nanoseconds < 0 { factor.isNegative.toggle() }
        return factor.scaled(by: UInt128(nanoseconds.magnitude), power: 0, .towardZero)
            .flatMap { Int64(exactly: $0) }.map(GoDuration.init)
    }

    /// - Parameter divisor: Not 0.
    /// - Returns: nil where the result is out of range.
    func divided(by divisor: Decimal) -> GoDuration? {
        Quantity(nanos: Int128(nanoseconds), format: .decimalSI).divided(by: divisor)
            .flatMap { Int64(exactly: $0.nanos) }.map(GoDuration.init)
    }

    /// Hours, minutes and seconds, as `1h0m0.5s`; below a second in the largest unit that makes it at least 1.
    public var description: String {
        if nanoseconds == 0 { return "0s" }
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        guard magnitude >= 1_000_000_000 else {
            let (unit, name): (UInt64, String) =
                magnitude < 1_000 ? (1, "ns") : (magnitude < 1_000_000 ? (1_000, "µs") : (1_000_000, "ms"))
            return sign + Self.decimal(magnitude, unit) + name
        }
        let minutes = magnitude / 60_000_000_000
        var text = Self.decimal(magnitude % 60_000_000_000, 1_000_000_000) + "s"
        if minutes > 0 { text = "\(minutes % 60)m" + text }
        if minutes >= 60 { text = "\(minutes / 60)h" + text }
        return sign + text
    }

    /// `value` in a unit of so many nanoseconds, without zeros at the end of a fraction.
    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        var fraction = String(unit + value % unit).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(value / unit)" : "\(value / unit).\(fraction)"
    }
}
