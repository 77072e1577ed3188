/// Unicode's simple case folding: one character for another.
public enum CaseFolding {
    private static let dotlessI: UInt32 = 0x131

    /// One character for all that differ in case only.
    ///
    /// The lower case of the upper case, where each is a single character. It is Unicode's simple folding but for the
    /// dotless i, whose upper case is I although it folds to itself.
    public static func fold(_ scalar: UInt32) -> UInt32 {
        if scalar < 128 { return isUpper(scalar) ? scalar + 32 : scalar }
        if scalar == dotlessI { return scalar }
        return lower(upper(scalar))
    }

    /// The upper case of a character, where that is a single one; else the character itself.
    public static func upper(_ scalar: UInt32) -> UInt32 {
        if scalar < 128 { return isUpper(scalar &- 32) ? scalar - 32 : scalar }
        guard let mapped = Unicode.Scalar(scalar)?.properties.uppercaseMapping.unicodeScalars, mapped.count == 1 else {
            return scalar
        }
        return mapped.first?.value ?? scalar
    }

    /// The lower case of a character, where that is a single one; else the character itself.
    public static func lower(_ scalar: UInt32) -> UInt32 {
        if scalar < 128 { return isUpper(scalar) ? scalar + 32 : scalar }
        guard let mapped = Unicode.Scalar(scalar)?.properties.lowercaseMapping.unicodeScalars, mapped.count == 1 else {
            return scalar
        }
        return mapped.first?.value ?? scalar
    }

    private static func isUpper(_ scalar: UInt32) -> Bool { (0x41...0x5A).contains(scalar) }
}
