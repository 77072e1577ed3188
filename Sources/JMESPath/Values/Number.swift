public import JSON

/// A number to count with: exact as long as it is an integer of 64 bits, else a double, as in Kyverno.
public enum Number: Sendable, CustomStringConvertible {
    case integer(Int)
    /// Always finite.
    case real(Double)

    /// - Returns: nil for what is no number, or one that is too large for a double.
    public init?(_ value: JSON.Value) {
        if let integer = value.integer {
            self = .integer(integer)
        } else if let real = value.double {
            self.init(real)
        } else {
            return nil
        }
    }

    /// - Returns: nil for infinities and what is not a number. Whole numbers become integers.
    public init?(_ real: Double) {
        guard real.isFinite else { return nil }
        if let integer = Int(exactly: real) {
            self = .integer(integer)
        } else {
            self = .real(real)
        }
    }

    public var double: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .real(let real): real
        }
    }

    /// The number as an integer, nil where it has a fraction or does not fit.
    public var integer: Int? {
        switch self {
        case .integer(let integer): integer
        case .real(let real): Int(exactly: real)
        }
    }

    /// As JSON has it, and as short as it can be.
    public var description: String {
        switch self {
        case .integer(let integer): String(integer)
        case .real(let real): real.description
        }
    }
}

extension Number: Comparable {
    public static func == (left: Number, right: Number) -> Bool { order(left, right) == 0 }

    public static func < (left: Number, right: Number) -> Bool { order(left, right) < 0 }

    /// Negative, 0 or positive; exact also between an integer and a double.
    private static func order(_ left: Number, _ right: Number) -> Int {
        if let left = left.integer, let right = right.integer {
            return left < right ? -1 : (left > right ? 1 : 0)
        }
        // One of them has a fraction, or is outside of what `Int` holds: rounding the other to a double cannot move it
        // past that one.
        let (left, right) = (left.double, right.double)
        return left < right ? -1 : (left > right ? 1 : 0)
    }
}
