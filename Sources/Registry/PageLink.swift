/// The address of a list's next page.
///
/// Source: OCI Distribution 1.1, "Listing Referrers"; RFC 8288, section 3.
enum PageLink {
    enum Next: Equatable {
        case none
        /// An absolute path with query, at the same origin.
        case path(String)
        /// At another origin, or no address of a page.
        case refused
    }

    /// Finds `rel="next"` among the values of `Link`.
    ///
    /// - Parameters:
    ///   - origin: `scheme://host[:port]` that the page came from.
    ///   - path: the path that was asked for.
    static func next(in values: [String], origin: String, path: String) -> Next {
        for value in values {
            for link in links(in: value) where isNext(link.parameters) {
                return resolve(link.target, origin: origin, path: path)
            }
        }
        return .none
    }

    /// `<target>;parameters`, separated by commas outside of angle brackets and quotes.
    private static func links(in value: String) -> [(target: Substring, parameters: Substring)] {
        var links: [(target: Substring, parameters: Substring)] = []
        var rest = value[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let target = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            var isQuoted = false
            let end =
                rest.firstIndex { character in
                    if character == "\"" { isQuoted.toggle() }
                    return character == "," && !isQuoted
                } ?? rest.endIndex
            links.append((target, rest[..<end]))
            rest = rest[end...]
        }
        return links
    }

    private static func isNext(_ parameters: Substring) -> Bool {
        parameters.split(separator: ";").contains { parameter in
            let parts = parameter.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingBlanks.lowercased() == "rel" else { return false }
            return parts[1].trimmingBlanks.split { $0 == "\"" || $0 == " " }.contains { $0.lowercased() == "next" }
        }
    }

    private static func resolve(_ target: Substring, origin: String, path: String) -> Next {
        guard !target.isEmpty, target.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            return .refused
        }
        let resolved: Substring
        if target.hasPrefix("/") && !target.hasPrefix("//") {
            resolved = target
        } else if target.hasPrefix("?") {
            resolved = path.prefix { $0 != "?" } + target
        } else if target.lowercased().hasPrefix(origin.lowercased() + "/") {
            resolved = target.dropFirst(origin.count)
        } else {
            return .refused
        }
        // A page of a list is a page of the same list.
        guard resolved.prefix(while: { $0 != "?" }) == path.prefix(while: { $0 != "?" }), !resolved.contains("#") else {
            return .refused
        }
        return .path(String(resolved))
    }
}

extension Substring {
    /// Without spaces and tabs at either end.
    fileprivate var trimmingBlanks: Substring {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let last = lastIndex(where: { !blank($0) }) else { return "" }
        return self[...last].drop(while: blank)
    }
}
