/// A quantity as Kubernetes writes them: `1Gi`, `250m`, `0.5`, `12e6`.
///
/// Exact to a billionth, and no larger than 2⁶³ − 1 when it is read, as Kubernetes has it.
///
/// Source: k8s.io/apimachinery, `resource.Quantity`.
public struct Quantity: Sendable, CustomStringConvertible {
    /// The suffixes that a quantity is written with.
    public enum Format: Sendable { case decimalSI, binarySI, decimalExponent }

    /// In billionths.
    public let nanos: Int128
    public let format: Format
    /// How many decimals it was written with; negative for thousands and the like. A quotient has as many.
    private let decimalPlaces: Int

    /// The longest text that is read, in bytes: longer ones are no quantities that somebody wrote.
    public static let maximumLength = 64
    private static let maximumNanos = Int128(Int64.max) * 1_000_000_000

    init(nanos: Int128, format: Format, decimalPlaces: Int = 9) {
        self.nanos = nanos
        self.format = format
        self.decimalPlaces = decimalPlaces
    }

    /// - Returns: nil for text that is no quantity.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var rest = ArraySlice(text.utf8)
        guard let decimal = Decimal(readingFrom: &rest), let suffix = Suffix(String(decoding: rest, as: UTF8.self))
        else {
            return nil
        }
        // Rounded away from zero: whoever asks for something gets something.
        let nanos = decimal.scaled(by: suffix.factor, power: suffix.power + 9, .awayFromZero)
        let limited = nanos.map { min($0, Self.maximumNanos) } ?? (decimal.isNegative ? nil : Self.maximumNanos)
        guard let limited else { return nil }
        let isBelowOne = limited > 0 && limited < 1_000_000_000
        self.init(
            nanos: limited, format: suffix.format == .binarySI && isBelowOne ? .decimalSI : suffix.format,
            decimalPlaces: -decimal.exponent - suffix.power)
    }

    // MARK: Arithmetic

    public var isZero: Bool { nanos == 0 }

    /// - Returns: nil where the result is out of range.
    public func adding(_ other: Quantity) -> Quantity? {
        let (sum, overflow) = nanos.addingReportingOverflow(other.nanos)
        return overflow ? nil : Quantity(nanos: sum, format: isZero ? other.format : format)
    }

    /// - Returns: nil where the result is out of range.
    public func subtracting(_ other: Quantity) -> Quantity? {
        let (difference, overflow) = nanos.subtractingReportingOverflow(other.nanos)
        return overflow ? nil : Quantity(nanos: difference, format: isZero ? other.format : format)
    }

    func multiplied(by factor: Decimal) -> Quantity? {
        var factor = factor
        if nanos < 0 { factor.isNegative.toggle() }
        return factor.scaled(by: nanos.magnitude, power: 0, .awayFromZero).map { Quantity(nanos: $0, format: format) }
    }

    /// Rounded down to as many decimals as dividend and divisor were written with.
    ///
    /// - Parameter divisor: Not 0.
    func divided(by divisor: Decimal) -> Quantity? {
        let places = max(0, min(max(decimalPlaces, -divisor.exponent), 9))
        // In units of the last decimal: nanos · 10^(places − 9) / (coefficient · 10^exponent).
        let power = places - 9 - divisor.exponent
        let quotient: UInt128
        if power >= 0 {
            guard power < Decimal.powersOfTen.count,
                let scaled = Decimal.multiply(
                    nanos.magnitude, Decimal.powersOfTen[power], dividingBy: divisor.coefficient)
            else { return nil }
            quotient = scaled.quotient
        } else {
            let shift = min(-power, Decimal.powersOfTen.count - 1)
            quotient = nanos.magnitude / divisor.coefficient / Decimal.powersOfTen[shift]
        }
        let (magnitude, overflow) = quotient.multipliedReportingOverflow(by: Decimal.powersOfTen[9 - places])
        guard !overflow, let nanos = Int128(exactly: magnitude) else { return nil }
        let isNegative = (self.nanos < 0) != divisor.isNegative
        return Quantity(nanos: isNegative ? -nanos : nanos, format: format)
    }

    /// How often `divisor`, which is not 0, goes into this.
    func ratio(to divisor: Quantity) -> Double {
        // The smaller the numbers, the less is lost in a double.
        var (left, right) = (nanos.magnitude, divisor.nanos.magnitude)
        while right != 0 { (left, right) = (right, left % right) }
        let common = Int128(left)
        return Double(nanos / common) / Double(divisor.nanos / common)
    }

    /// The quantity in whole units, nil where it has a fraction.
    var integer: Int128? { nanos % 1_000_000_000 == 0 ? nanos / 1_000_000_000 : nil }

    // MARK: Text

    /// The canonical form: no fraction, the largest suffix that allows it.
    public var description: String {
        if nanos == 0 { return "0" }
        if format == .binarySI, let integer, integer.magnitude >= 1024 { return Self.binary(integer) }
        return decimal
    }

    private static func binary(_ integer: Int128) -> String {
        var (number, index) = (integer, 0)
        while index < Suffix.binary.count - 1, number % 1024 == 0 {
            number /= 1024
            index += 1
        }
        return "\(number)\(Suffix.binary[index])"
    }

    private var decimal: String {
        var (number, exponent) = (nanos, -9)
        while exponent < 18, number % 1000 == 0 {
            number /= 1000
            exponent += 3
        }
        if format == .decimalExponent { return exponent == 0 ? "\(number)" : "\(number)e\(exponent)" }
        return "\(number)\(Suffix.decimal[exponent / 3 + 3])"
    }
}

extension Quantity: Comparable, Hashable {
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }

    public static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}

/// What follows the number in a quantity.
private struct Suffix {
    var factor: UInt128 = 1
    var power = 0
    var format = Quantity.Format.decimalSI

    static let binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    static let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
    /// Larger exponents leave the range of quantities anyway.
    private static let maximumExponent = 99

    init?(_ text: String) {
        if let index = Self.decimal.firstIndex(of: text) {
            power = 3 * (index - 3)
        } else if let index = Self.binary.firstIndex(of: text) {
            factor = 1 << UInt128(10 * index)
            format = .binarySI
        } else if text.first == "e" || text.first == "E", let exponent = Int(text.dropFirst()),
            exponent.magnitude <= Self.maximumExponent
        {
            power = exponent
            format = .decimalExponent
        } else {
            return nil
        }
    }
}
