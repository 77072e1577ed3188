/// What of a foreign text may stand in a message of ours.
enum Excerpt {
    /// Longer than any real reference's interesting part, shorter than what floods a log or a kubectl user's screen.
    static let maximumCharacters = 160

    /// `text` with control characters replaced, cut to ``maximumCharacters``.
    static func of(_ text: String) -> String {
        var excerpt = String.UnicodeScalarView()
        for (position, scalar) in text.unicodeScalars.enumerated() {
            if position == maximumCharacters { return String(excerpt) + "…" }
            let isControl =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            excerpt.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(excerpt)
    }
}
