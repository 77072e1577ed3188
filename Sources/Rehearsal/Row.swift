import Admission
import JSON
import OCI
import Policy

/// What would come of one image of one resource under one rule.
public struct Row: Sendable {
    public enum Result: String, Sendable, CaseIterable {
        case pass, fail, skip, error

        /// What is told of several results about one image: the worst.
        public var gravity: Int {
            switch self {
            case .skip: 0
            case .pass: 1
            case .error: 2
            case .fail: 3
            }
        }
    }

    public let kind: String
    public let namespace: String
    public let name: String
    /// The policy, as `name` or `namespace/name`.
    public let policy: String
    public let rule: String
    /// The image as the manifest has it; nil for what befell a rule as a whole.
    public let image: String?
    public internal(set) var result: Result
    /// Why, in one sentence; empty for what passed.
    public internal(set) var message: String
    public internal(set) var digest: Digest?
    /// What pins the image, in every place where the resource has it.
    public internal(set) var patch: [Patch.Operation] = []
    /// Whether it would stand in the way of the request: a failure under Audit does not.
    public internal(set) var denies: Bool

    /// `Pod/test/web`.
    public var resource: String { [kind, namespace, name].filter { !$0.isEmpty }.joined(separator: "/") }

    /// The image as it would be after the patch; nil where it stays as it is.
    public var pinned: String? {
        guard let value = patch.first?.value, let document = try? Document(value) else { return nil }
        return document.root.string
    }

    /// Takes in what else is said about the same image under the same rule.
    mutating func merge(_ other: Row) {
        let isGraver = (other.denies ? 1 : 0, other.result.gravity) > (denies ? 1 : 0, result.gravity)
        if isGraver {
            result = other.result
            message = other.message
            denies = other.denies
        }
        digest = digest ?? other.digest
    }
}

/// What would come of a set of manifests.
public struct Report: Sendable {
    /// In the order of the manifests, and of the rules that look at each.
    public let rows: [Row]
    /// The manifests that would be denied, with what whoever sends them would read.
    public let denials: [Denial]
    /// What `kubectl` would print beside what is let in, by resource.
    public let warnings: [String]

    public struct Denial: Sendable {
        /// `Pod/test/web`.
        public let resource: String
        public let message: String
    }

    public func count(_ result: Row.Result) -> Int { rows.count { $0.result == result } }
}
