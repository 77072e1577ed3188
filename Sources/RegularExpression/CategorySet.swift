/// Some of Unicode's general categories.
///
/// Source: RE2 syntax, "Unicode character class names"; Unicode Standard section 4.5.
struct CategorySet: Sendable {
    private let members: Set<Unicode.GeneralCategory>
    private let isNegated: Bool

    private init(_ members: Set<Unicode.GeneralCategory>, negated: Bool) {
        self.members = members
        isNegated = negated
    }

    /// The set named `L`, `Lu`, `Any` and so on.
    ///
    /// - Returns: nil for an unknown name. The names of scripts (`Greek`) are unknown here.
    init?(named name: String, negated: Bool) {
        if name == "Any" {
            self.init([], negated: !negated)
            return
        }
        let members = Self.names.filter { $0.key == name || name.utf8.count == 1 && $0.key.hasPrefix(name) }.map(
            \.value)
        guard !members.isEmpty else { return nil }
        self.init(Set(members), negated: negated)
    }

    func contains(_ scalar: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(scalar) else { return false }
        return members.contains(scalar.properties.generalCategory) != isNegated
    }

    private static let names: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter,
        "Lo": .otherLetter, "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber,
        "Nl": .letterNumber, "No": .otherNumber, "Pc": .connectorPunctuation, "Pd": .dashPunctuation,
        "Ps": .openPunctuation, "Pe": .closePunctuation, "Pi": .initialPunctuation, "Pf": .finalPunctuation,
        "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol, "So": .otherSymbol,
        "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator, "Cc": .control, "Cf": .format,
        "Co": .privateUse, "Cs": .surrogate,
    ]
}
