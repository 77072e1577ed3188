/// Text from outside, made fit for one line of a message: control characters become spaces, and it ends after `limit`
/// characters. Images and names come from whoever made the object, and must not forge lines of a log or a denial.
public func printable(_ text: String, limit: Int = 512) -> String {
    // The common case costs one pass over the bytes and no copy.
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            result.append(" ")
        default: result.append(scalar)
        }
    }
    if text.unicodeScalars.count > limit { result.append("…") }
    return String(result)
}
