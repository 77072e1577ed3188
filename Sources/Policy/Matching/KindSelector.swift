import Matching

/// One item of `kinds`: which group, version, kind and subresource it means. Each part may be a glob.
///
/// `Pod`, `v1/Pod`, `*/Pod`, `apps/v1/Deployment`, `Pod/ephemeralcontainers`, `Pod.ephemeralcontainers`,
/// `tekton.dev/v1beta1/TaskRun.status`, `*/ephemeralcontainers`.
///
/// Source: spec/verify-images.md, "Which requests a rule looks at".
public struct KindSelector: Sendable, Hashable, CustomStringConvertible {
    /// The item as written.
    public let text: String
    let group: Glob
    let version: Glob
    let kind: Glob
    /// Nil means the object itself, and for Pods also the ephemeral containers, which are set in no other way.
    let subresource: Glob?

    public var description: String { text }

    public init(parsing text: String) throws(KindSelectorError) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // A dot in the last part splits off a subresource; kinds themselves have none.
        if let last = parts.popLast() {
            parts += last.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        }
        guard parts.allSatisfy({ !$0.isEmpty }), let first = parts.first else { throw KindSelectorError(text, .empty) }

        var group = "*"
        var version = "*"
        var kind: String
        var subresource: String?
        switch parts.count {
        case 1:
            kind = first
        case 2 where first == "*" && Self.startsLowercase(parts[1]):
            (kind, subresource) = ("*", parts[1])
        case 2 where Self.isVersion(first):
            (version, kind) = (first, parts[1])
        case 2:
            (kind, subresource) = (first, parts[1])
        case 3 where Self.isVersion(first) && !Self.isVersion(parts[1]):
            (version, kind, subresource) = (first, parts[1], parts[2])
        case 3:
            (group, version, kind) = (first, parts[1], parts[2])
        case 4:
            (group, version, kind, subresource) = (first, parts[1], parts[2], parts[3])
        default:
            throw KindSelectorError(text, .tooManyParts)
        }

        // What could never match, or would match everything, is a mistake: either way the rule does not say what it
        // does.
        guard Self.isVersion(version) || Glob.isPattern(version) else {
            throw KindSelectorError(text, .notAVersion(version))
        }
        guard group != "core" else { throw KindSelectorError(text, .coreGroup) }
        guard !Self.startsLowercase(kind) else { throw KindSelectorError(text, .lowercaseKind(kind)) }
        if let subresource, !Self.startsLowercase(subresource), subresource != "*" {
            throw KindSelectorError(text, .notASubresource(subresource))
        }
        let isEverything = group == "*" && version == "*" && kind == "*" && (subresource == nil || subresource == "*")
        guard !isEverything else { throw KindSelectorError(text, .everything) }

        self.text = text
        self.group = Glob(group)
        self.version = Glob(version)
        self.kind = Glob(kind)
        self.subresource = subresource.map(Glob.init)
    }

    /// A kind of any group and version.
    init(kind: String) {
        text = kind
        group = Glob("*")
        version = Glob("*")
        self.kind = Glob(kind)
        subresource = nil
    }

    /// The one kind that is meant, or nil for a glob: what rules are indexed by.
    var literalKind: String? { Glob.isPattern(kind.pattern) ? nil : kind.pattern }

    func matches(_ resource: ResourceAttributes) -> Bool {
        guard kind.matches(resource.kind), group.matches(resource.group), version.matches(resource.version) else {
            return false
        }
        guard let subresource else {
            return resource.subresource.isEmpty
                || (resource.kind == "Pod" && resource.group.isEmpty && resource.subresource == "ephemeralcontainers")
        }
        return !resource.subresource.isEmpty && subresource.matches(resource.subresource)
    }

    /// `*`, or as Kubernetes writes versions: `v1`, `v1beta1`, `v2alpha3`, or a glob of such.
    private static func isVersion(_ text: String) -> Bool {
        if text == "*" { return true }
        var rest = text.utf8.dropFirst()
        guard text.utf8.first == UInt8(ascii: "v"), let digit = rest.popFirst() else { return false }
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) || digit == Glob.star || digit == Glob.question
    }

    private static func startsLowercase(_ text: String) -> Bool {
        text.unicodeScalars.first.map { ("a"..."z").contains($0) } ?? false
    }
}

/// Why an item of `kinds` means nothing that a rule could look at.
public struct KindSelectorError: Error, Sendable, Hashable, CustomStringConvertible {
    enum Reason: Sendable, Hashable {
        case empty
        case tooManyParts
        case notAVersion(String)
        case coreGroup
        case lowercaseKind(String)
        case notASubresource(String)
        case everything
    }

    let text: String
    let reason: Reason

    init(_ text: String, _ reason: Reason) {
        self.text = text
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .empty:
            "\"\(text)\" has an empty part; write a kind such as Pod or apps/v1/Deployment"
        case .tooManyParts:
            "\"\(text)\" has too many parts; write group/version/Kind/subresource at most"
        case .notAVersion(let version):
            "\"\(text)\" has \"\(version)\" where a version such as v1 belongs; write group/version/Kind"
        case .coreGroup:
            "\"\(text)\" would match nothing: Kubernetes' own group has no name; leave out \"core/\""
        case .lowercaseKind(let kind):
            "\"\(text)\" would match nothing: kinds begin with a capital letter, and \"\(kind)\" does not"
        case .notASubresource(let subresource):
            "\"\(text)\" would match nothing: \"\(subresource)\" is no subresource, which begin with a small letter"
        case .everything:
            "\"\(text)\" means every kind there is; image rules have to name the kinds that hold images"
        }
    }
}
