public import JSON
import Yams

/// YAML as Kubernetes reads it: as another spelling of JSON.
public enum YAML {
    /// The longest text, in bytes: an API server takes no object above 3 MiB, and a file may hold several.
    public static let maximumBytes = 4 << 20

    /// How many lists and mappings may lie inside one another: as many as in JSON.
    public static let maximumDepth = ParseLimits.standardMaximumDepth

    /// How many keys and values a text may unfold to. Honest texts have one for every ten bytes or so; a text whose
    /// aliases multiply ends here.
    public static let maximumValues = 1_000_000

    /// How many bytes of JSON a text may unfold to: honest texts hardly grow.
    public static let maximumExpandedBytes = 4 * maximumBytes

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads the documents in `text`, which `---` separates. Those that are empty or hold comments alone are skipped.
    ///
    /// Scalars resolve as `sigs.k8s.io/yaml` resolves them (``Scalar``), keys become text, `<<` merges. What two readers
    /// could take for different things is refused: duplicate keys, unknown tags, a merge over a key that is given
    /// already.
    /// - Throws: ``YAMLError`` with line and column.
    public static func documents(_ text: [UInt8]) throws(YAMLError) -> [Document] {
        guard text.count <= maximumBytes else { throw YAMLError(.tooLong(limit: maximumBytes)) }
        // Some editors begin a file with a byte-order mark, which YAML allows there (YAML 1.2.2, 5.2).
        // The parser counts it as a column, so that the second line's key would stand further left than the first's.
        let text = text.starts(with: byteOrderMark) ? Array(text.dropFirst(byteOrderMark.count)) : text
        if let document = document(fromJSON: text) { return [document] }

        let string = try validated(text)
        try Screen.check(text)
        var documents: [Document] = []
        do {
            let parser = try Parser(yaml: string, resolver: .basic, encoding: .utf8)
            while let root = try parser.nextRoot() {
                if let document = try document(from: root) { documents.append(document) }
            }
        } catch let error as YamlError {
            throw YAMLError(error)
        } catch let error as YAMLError {
            throw error
        } catch {
            throw YAMLError(.syntax(String(describing: error)))
        }
        return documents
    }

    /// JSON is YAML, but for what YAML's readers do not take: surrogate pairs and keys of more than 1024 bytes.
    private static func document(fromJSON text: [UInt8]) -> Document? {
        let first = text.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        return try? Document(text)
    }

    private static func validated(_ text: [UInt8]) throws(YAMLError) -> String {
        let span = text.span
        do {
            return String(copying: try UTF8Span(validating: span))
        } catch {
            let lines = text[..<error.byteOffsets.lowerBound].split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let column = lines.last.map { String(decoding: $0, as: UTF8.self).unicodeScalars.count + 1 }
            throw YAMLError(.invalidUTF8, line: lines.count, column: column)
        }
    }

    /// Nil where the document is empty.
    private static func document(from root: Node) throws(YAMLError) -> Document? {
        var conversion = Conversion()
        try conversion.write(root, depth: 0)
        guard conversion.json != Array("null".utf8) else { return nil }
        do {
            return try Document(conversion.json, limits: ParseLimits(maximumBytes: maximumExpandedBytes))
        } catch {
            // The conversion has found what JSON would find, and knows the line; this is for what it may have missed.
            throw YAMLError(.syntax(error.description), line: root.mark?.line, column: root.mark?.column)
        }
    }
}

extension YAMLError {
    /// What Yams reports, without the excerpt of the text that it appends.
    init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let reason = [context?.text, problem].compactMap { $0 }.joined(separator: ": ")
            self.init(.syntax(reason), line: mark.line, column: mark.column)
        case .reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) }
            let lines = before?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            self.init(.syntax(problem), line: lines?.count, column: lines?.last.map { $0.unicodeScalars.count + 1 })
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                .duplicateKey(duplicates.first ?? ""), line: context.mark.line, column: context.mark.column)
        default:
            self.init(.syntax(String(describing: error)))
        }
    }
}
