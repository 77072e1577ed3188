import JMESPath
import JSON

/// Reads the `imageExtractors` of a rule: for each kind, where it keeps its images.
///
/// Source: spec/verify-images.md, "Images in a resource".
struct ExtractorDecoder {
    let findings: Findings

    /// What a list of images is called where the policy does not say.
    static let defaultName = "custom"

    func extractors(_ rule: ObjectReader) -> [String: [ImageExtractor]] {
        guard let field = rule["imageExtractors"] else { return [:] }
        let path = rule.path.child("imageExtractors")
        guard field.kind == .object else {
            findings.problem(path, "has to be a map from kinds to lists of extractors")
            return [:]
        }
        var extractors: [String: [ImageExtractor]] = [:]
        for (kind, list) in field.members {
            let path = path.child(kind)
            guard list.kind == .array, list.count > 0 else {
                findings.problem(path, "has to be a list of at least one extractor")
                continue
            }
            extractors[kind] = list.elements.enumerated().compactMap { index, value in
                ObjectReader(value, .imageExtractor, at: path.index(index), findings).flatMap(extractor)
            }
        }
        return extractors
    }

    /// A query makes another reference of the text, which no digest can be written into.
    func refuseQueries(_ extractors: [String: [ImageExtractor]], _ entries: [ImageEntry], at path: FieldPath) {
        guard entries.contains(where: \.mutateDigest) else { return }
        for (kind, list) in extractors.sorted(by: { $0.key < $1.key }) {
            for (index, extractor) in list.enumerated() where extractor.query != nil {
                findings.problem(
                    path.child("imageExtractors").child(kind).index(index).child("jmesPath"),
                    "cannot be used where digests are written into images; set mutateDigest: false")
            }
        }
    }

    private func extractor(_ reader: ObjectReader) -> ImageExtractor? {
        guard let path = reader.string("path") else {
            findings.problem(reader.path.child("path"), "is missing")
            return nil
        }
        var steps = path.split(separator: "/").map { String($0).trimmingSpaces() }.filter { !$0.isEmpty }
        guard path.hasPrefix("/"), !steps.isEmpty else {
            findings.problem(reader.path.child("path"), "\"\(path)\" is no path; write one such as /spec/steps/*")
            return nil
        }
        let field: String
        if let value = reader.string("value") {
            field = value
        } else {
            field = steps.removeLast()
            guard field != "*" else {
                findings.problem(
                    reader.path.child("value"), "is missing; say which field of \(path) holds the image")
                return nil
            }
        }
        return ImageExtractor(
            list: ContainerImage.List(rawValue: reader.string("name") ?? Self.defaultName),
            path: steps.map { $0 == "*" ? .every : .member($0) }, field: field, key: reader.string("key"),
            query: query(reader))
    }

    private func query(_ reader: ObjectReader) -> Query? {
        guard let text = reader.string("jmesPath") else { return nil }
        do throws(QueryError) {
            return try Query(parsing: text)
        } catch {
            findings.problem(reader.path.child("jmesPath"), "is no query: \(error)")
            return nil
        }
    }
}
