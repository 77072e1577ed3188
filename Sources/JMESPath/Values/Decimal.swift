/// A decimal number as it was written: up to 38 digits exactly, which is more than what people write has.
struct Decimal: Sendable {
    var isNegative = false
    var coefficient: UInt128 = 0
    /// The number is ``coefficient`` times ten to this.
    var exponent = 0
    /// Whether digits other than 0 were left out at the end.
    var isTruncated = false

    enum Rounding { case awayFromZero, towardZero }

    private static let maximumDigits = 38
    /// Beyond this, numbers are out of every range that is asked for.
    private static let maximumExponent = 10_000

    init() {}

    /// Reads an optional sign, digits with at most one point among them, and no exponent; what follows stays in `text`.
    ///
    /// - Returns: nil where there is no digit.
    init?(readingFrom text: inout ArraySlice<UInt8>) {
        if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            text.removeFirst()
        }
        var hasDigit = false
        var isPastPoint = false
        while let byte = text.first {
            if byte == UInt8(ascii: "."), !isPastPoint {
                isPastPoint = true
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                append(byte - UInt8(ascii: "0"), isPastPoint)
                hasDigit = true
            } else {
                break
            }
            text.removeFirst()
        }
        guard hasDigit else { return nil }
    }

    /// Reads a number as JSON spells it.
    init?(json text: String) {
        var rest = ArraySlice(text.utf8)
        self.init(readingFrom: &rest)
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            guard let written = Int(String(decoding: rest, as: UTF8.self)) else { return nil }
            exponent += max(-Self.maximumExponent, min(written, Self.maximumExponent))
        } else if !rest.isEmpty {
            return nil
        }
    }

    private mutating func append(_ digit: UInt8, _ isPastPoint: Bool) {
        if coefficient >= Self.powersOfTen[Self.maximumDigits - 1] {
            if digit != 0 { isTruncated = true }
            if !isPastPoint { exponent += 1 }
            return
        }
        coefficient = coefficient * 10 + UInt128(digit)
        if isPastPoint { exponent -= 1 }
    }

    /// This number times `factor` times ten to `power`, as an integer.
    ///
    /// - Returns: nil where the result does not fit.
    func scaled(by factor: UInt128, power: Int, _ rounding: Rounding) -> Int128? {
        guard coefficient != 0, factor != 0 else { return 0 }
        let power = power + exponent
        var magnitude: UInt128
        var isInexact = isTruncated
        if power >= 0 {
            guard power <= Self.maximumDigits,
                let product = Self.multiply(coefficient, factor, dividingBy: 1),
                let scaled = Self.multiply(product.quotient, Self.powersOfTen[power], dividingBy: 1)
            else { return nil }
            magnitude = scaled.quotient
        } else if -power <= Self.maximumDigits {
            let divisor = Self.powersOfTen[-power]
            guard let scaled = Self.multiply(coefficient, factor, dividingBy: divisor) else { return nil }
            magnitude = scaled.quotient
            isInexact = isInexact || !scaled.isExact
        } else {
            // Below 10⁻³⁸ of a product that has at most 76 digits: divide twice.
            let rest = min(-power - Self.maximumDigits, Self.maximumDigits)
            guard
                let first = Self.multiply(
                    coefficient, factor, dividingBy: Self.powersOfTen[Self.maximumDigits])
            else { return nil }
            magnitude = first.quotient / Self.powersOfTen[rest]
            isInexact = true
        }
        if isInexact, rounding == .awayFromZero { magnitude += 1 }
        guard let result = Int128(exactly: magnitude) else { return nil }
        return isNegative ? -result : result
    }

    /// `left` times `right` divided by `divisor`, without losing digits on the way.
    ///
    /// - Returns: nil where the result does not fit, or `divisor` is 0.
    static func multiply(
        _ left: UInt128,
        _ right: UInt128,
        dividingBy divisor: UInt128
    ) -> (quotient: UInt128, isExact: Bool)? {
        let product = left.multipliedFullWidth(by: right)
        guard product.high < divisor else { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        return (quotient, remainder == 0)
    }

    static let powersOfTen: [UInt128] = {
        var powers: [UInt128] = [1]
        for _ in 0..<maximumDigits { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()
}
