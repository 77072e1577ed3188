import JSON
import Matching

/// A key and a value of labels or annotations, each of which may be a glob. One pair of the object has to fit both.
public struct TextPair: Sendable, Hashable {
    public let key: Glob
    public let value: Glob

    public init(key: String, value: String) {
        self.key = Glob(key)
        self.value = Glob(value)
    }

    func matches(_ texts: Texts) -> Bool {
        guard Glob.isPattern(key.pattern) else { return texts[key.pattern].map(value.matches) ?? false }
        return texts.contains { key.matches($0) && value.matches($1) }
    }
}

/// The labels or annotations of an object, where they lie in its document or as a fact.
enum Texts {
    /// A map of the document, or nothing where the object has none. What is no text in it is passed over: the API
    /// server takes no such object.
    case map(Value?)
    case known([String: String])

    subscript(key: String) -> String? {
        switch self {
        case .map(let map): map?[key]?.string
        case .known(let texts): texts[key]
        }
    }

    func contains(where isMeant: (String, String) -> Bool) -> Bool {
        switch self {
        case .known(let texts): return texts.contains { isMeant($0.key, $0.value) }
        case .map(let map):
            guard let map else { return false }
            return map.members.contains { key, value in value.string.map { isMeant(key, $0) } ?? false }
        }
    }
}
