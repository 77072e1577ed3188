import JSON
import Yams

/// Writes a tree of YAML nodes as JSON.
struct Conversion {
    private var writer = Writer()
    private var values = 0

    var json: [UInt8] { writer.bytes }

    /// Writes `node`. Recurses as deep as ``YAML/maximumDepth``.
    mutating func write(_ node: Node, depth: Int) throws(YAMLError) {
        try count(node)
        switch node {
        case .scalar(let scalar):
            try write(scalar)
        case .sequence(let sequence):
            try enter(node, depth, tag: sequence.tag, allowed: .seq)
            writer.beginArray()
            for element in sequence { try write(element, depth: depth + 1) }
            writer.endArray()
        case .mapping(let mapping):
            try enter(node, depth, tag: mapping.tag, allowed: .map)
            writer.beginObject()
            for member in try members(of: mapping, depth: depth) {
                writer.key(member.key)
                try write(member.value, depth: depth + 1)
            }
            writer.endObject()
        case .alias:
            // The parser has put the anchor's node in its place.
            throw YAMLError(.syntax("unresolved alias"), at: node)
        }
    }

    // MARK: Bounds

    private mutating func count(_ node: Node) throws(YAMLError) {
        values += 1
        guard values <= YAML.maximumValues else { throw YAMLError(.tooManyValues(limit: YAML.maximumValues), at: node) }
        guard writer.bytes.count <= YAML.maximumExpandedBytes else {
            throw YAMLError(.expandsTooFar(limit: YAML.maximumExpandedBytes), at: node)
        }
    }

    private func enter(_ node: Node, _ depth: Int, tag: Tag, allowed: Tag.Name) throws(YAMLError) {
        guard depth < YAML.maximumDepth else { throw YAMLError(.tooDeep(limit: YAML.maximumDepth), at: node) }
        let name = tag.rawValue
        let permitted: [Tag.Name] = [.implicit, .nonSpecific, allowed]
        guard permitted.contains(where: { $0.rawValue == name }) else {
            throw YAMLError(.unsupportedTag(name), at: node)
        }
    }

    // MARK: Scalars

    private mutating func write(_ scalar: Node.Scalar) throws(YAMLError) {
        switch try resolve(scalar) {
        case .null: writer.null()
        case .boolean(let boolean): writer.boolean(boolean)
        case .integer(let number), .float(let number): writer.raw(Array(number.utf8))
        case .text(let text): writer.string(text)
        case .notFinite: throw YAMLError(.notFinite(scalar.string), at: .scalar(scalar))
        case .integerTooLarge: throw YAMLError(.integerTooLarge(scalar.string), at: .scalar(scalar))
        }
    }

    /// What a scalar means, by its tag, its quotes or its text.
    private func resolve(_ scalar: Node.Scalar) throws(YAMLError) -> Scalar {
        let tag = scalar.tag.rawValue
        switch tag {
        case Tag.Name.implicit.rawValue:
            return scalar.style == .plain ? Scalar(plain: scalar.string) : .text(scalar.string)
        case Tag.Name.str.rawValue, Tag.Name.nonSpecific.rawValue, Tag.Name.timestamp.rawValue:
            return .text(scalar.string)
        default: break
        }
        let value = Scalar(plain: scalar.string)
        switch (tag, value) {
        case (Tag.Name.null.rawValue, .null), (Tag.Name.bool.rawValue, .boolean), (Tag.Name.int.rawValue, .integer),
            (Tag.Name.float.rawValue, .integer), (Tag.Name.float.rawValue, .float),
            (Tag.Name.float.rawValue, .notFinite), (Tag.Name.int.rawValue, .integerTooLarge):
            return value
        case (Tag.Name.null.rawValue, _), (Tag.Name.bool.rawValue, _), (Tag.Name.int.rawValue, _),
            (Tag.Name.float.rawValue, _):
            throw YAMLError(.tagMismatch(text: scalar.string, tag: tag), at: .scalar(scalar))
        default: throw YAMLError(.unsupportedTag(tag), at: .scalar(scalar))
        }
    }

    // MARK: Mappings

    private struct Member {
        var key: String
        var value: Node
        var isMerged: Bool
    }

    /// A mapping's members with the keys as text and with what `<<` brings in.
    private mutating func members(of mapping: Node.Mapping, depth: Int) throws(YAMLError) -> [Member] {
        guard depth < YAML.maximumDepth else {
            throw YAMLError(.tooDeep(limit: YAML.maximumDepth), at: .mapping(mapping))
        }
        var members: [Member] = []
        // By bytes: `String` takes different spellings of an accented letter for the same key.
        var positions: [[UInt8]: Int] = [:]
        for (keyNode, value) in mapping {
            try count(keyNode)
            guard !isMerge(keyNode) else {
                for source in try mergedMappings(value) {
                    for merged in try self.members(of: source, depth: depth + 1) {
                        if let position = positions[Array(merged.key.utf8)] {
                            // Of several mappings the first wins. A key that was written before "<<" would win by
                            // YAML's specification and lose in Kubernetes' reader.
                            guard members[position].isMerged else {
                                throw YAMLError(.keyBeforeMerge(merged.key), at: keyNode)
                            }
                        } else {
                            positions[Array(merged.key.utf8)] = members.count
                            members.append(Member(key: merged.key, value: merged.value, isMerged: true))
                        }
                    }
                }
                continue
            }
            let key = try self.key(keyNode)
            if let position = positions[Array(key.utf8)] {
                guard members[position].isMerged else { throw YAMLError(.duplicateKey(key), at: keyNode) }
                members[position] = Member(key: key, value: value, isMerged: false)
            } else {
                positions[Array(key.utf8)] = members.count
                members.append(Member(key: key, value: value, isMerged: false))
            }
        }
        return members
    }

    private func isMerge(_ key: Node) -> Bool {
        guard case .scalar(let scalar) = key else { return false }
        return scalar.string == "<<" && scalar.style == .plain
    }

    /// The mappings that `<<` names, those that win first.
    private mutating func mergedMappings(_ node: Node) throws(YAMLError) -> [Node.Mapping] {
        switch node {
        case .mapping(let mapping): return [mapping]
        case .sequence(let sequence):
            var mappings: [Node.Mapping] = []
            for element in sequence {
                try count(element)
                guard case .mapping(let mapping) = element else { throw YAMLError(.mergeOfNoMapping, at: element) }
                mappings.append(mapping)
            }
            return mappings
        case .scalar, .alias: throw YAMLError(.mergeOfNoMapping, at: node)
        }
    }

    /// A key as text: integers in decimal, booleans as `true` and `false`.
    private func key(_ node: Node) throws(YAMLError) -> String {
        guard case .scalar(let scalar) = node else { throw YAMLError(.keyNotScalar, at: node) }
        // The parser has compared the keys, and that has left the tag of text on those without one: a plain key that is
        // tagged as text looks like one without a tag, and is resolved too.
        let isPlain = scalar.style == .plain && scalar.tag.rawValue == Tag.Name.str.rawValue
        switch isPlain ? Scalar(plain: scalar.string) : try resolve(scalar) {
        case .text(let text): return text
        case .integer(let number): return number
        case .boolean(let boolean): return boolean ? "true" : "false"
        // Kubernetes refuses null, and turns 1.20 into 1.2.
        case .null, .float, .notFinite, .integerTooLarge:
            throw YAMLError(.keyNotText(scalar.string.isEmpty ? "null" : scalar.string), at: node)
        }
    }
}

extension YAMLError {
    init(_ reason: Reason, at node: Node) {
        self.init(reason, line: node.mark?.line, column: node.mark?.column)
    }
}
