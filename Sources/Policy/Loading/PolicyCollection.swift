import JSON
import OpenSSL

/// Policies as objects of a cluster, which come, change and go one by one, beside those that files hold.
///
/// Each is compiled by itself when it changes, and never when another does. One that cannot be honoured stands in
/// nobody's way but that of what it matches:
/// - where an earlier version of the same object could be, that one stays in force;
/// - else whatever it matches fails, as far as that can be made out (``RefusalDecoder``).
///
/// An exception that cannot be honoured excepts nothing.
public struct PolicyCollection: Sendable {
    private struct Entry: Sendable {
        var uid: String
        var generation: Int
        /// Of everything that the object is compiled from.
        var fingerprint: SHA256Digest
        var compiled: CompiledObject
        /// The newest version that could be honoured and has image rules.
        var lastGood: ImagePolicy?
    }

    private let honoursExceptions: Bool
    private let unseenNamespaces: Set<String>
    private var entries: [PolicyID: Entry] = [:]
    private var files: (snapshot: PolicySnapshot, origins: [PolicyID: String]) = (.empty, [:])

    /// - Parameter unseenNamespaces: Those whose objects no webhook looks at, which a policy of one has to say.
    public init(honoursExceptions: Bool = false, unseenNamespaces: Set<String> = []) {
        self.honoursExceptions = honoursExceptions
        self.unseenNamespaces = unseenNamespaces
    }

    // MARK: Changes. Each says whether what is in force, or what is said of it, may have changed.

    /// Takes the policies of files. A set with problems leaves the last good one in place.
    @discardableResult
    public mutating func use(_ files: LoadResult) -> Bool {
        guard let snapshot = files.snapshot else { return false }
        self.files = (snapshot, files.origins)
        return true
    }

    /// Takes all objects of a kind: those that are not among them are gone.
    @discardableResult
    public mutating func replaceAll(_ kind: PolicyID.Kind, with objects: [Value]) -> Bool {
        var gone = Set(entries.keys.filter { $0.kind == kind })
        var hasChanged = false
        for object in objects {
            guard let id = Self.id(of: object, kind) else { continue }
            gone.remove(id)
            if put(object, id) { hasChanged = true }
        }
        for id in gone { entries[id] = nil }
        return hasChanged || !gone.isEmpty
    }

    @discardableResult
    public mutating func put(_ kind: PolicyID.Kind, _ object: Value) -> Bool {
        guard let id = Self.id(of: object, kind) else { return false }
        return put(object, id)
    }

    @discardableResult
    public mutating func remove(_ id: PolicyID) -> Bool { entries.removeValue(forKey: id) != nil }

    /// Nil for an object without a name, which no API server has.
    public static func id(of object: Value, _ kind: PolicyID.Kind) -> PolicyID? {
        guard let name = object["metadata"]?["name"]?.string, !name.isEmpty else { return nil }
        return PolicyID(kind, name, namespace: object["metadata"]?["namespace"]?.string)
    }

    private mutating func put(_ object: Value, _ id: PolicyID) -> Bool {
        let metadata = object["metadata"]
        let uid = metadata?["uid"]?.string ?? ""
        let generation = metadata?["generation"]?.integer ?? 0
        let fingerprint = Self.fingerprint(of: object)
        let known = entries[id].flatMap { $0.uid == uid ? $0 : nil }
        // Statuses change much more often than policies do.
        if let known, known.fingerprint == fingerprint {
            entries[id]?.generation = generation
            return known.generation != generation
        }
        let compiled = compile(object, id)
        let lastGood = compiled.problems.isEmpty ? compiled.policy : known?.lastGood
        entries[id] = Entry(
            uid: uid, generation: generation, fingerprint: fingerprint, compiled: compiled, lastGood: lastGood)
        return true
    }

    /// Whether two versions of an object say the same, whatever else differs between them.
    public static func saysTheSame(_ one: Value, as other: Value) -> Bool {
        fingerprint(of: one) == fingerprint(of: other)
    }

    private static func fingerprint(of object: Value) -> SHA256Digest {
        var writer = Writer()
        writer.beginArray()
        writer.string(object["metadata"]?["annotations"]?[Autogen.annotation]?.string ?? "")
        // A field outside of `spec` may be a misplaced one, which is a problem.
        for (key, value) in object.members where key != "metadata" && key != "status" {
            writer.string(key)
            writer.value(value)
        }
        writer.endArray()
        return SHA256Digest(of: writer.bytes)
    }

    private func compile(_ object: Value, _ id: PolicyID) -> CompiledObject {
        // What is kept of an object may keep the whole text alive that it came in: of the object alone, not the list.
        let object = (try? Document(object.source).root) ?? object
        let defaults = (apiVersion: id.kind == .exception ? "kyverno.io/v2" : "kyverno.io/v1", kind: id.kind.rawValue)
        let count = entries.keys.count { ($0.kind == .exception) == (id.kind == .exception) && $0 != id }
        switch id.kind {
        case .exception:
            guard count < PolicyLoader.maximumExceptions else {
                return CompiledObject(
                    problem: "is one more than the \(PolicyLoader.maximumExceptions) exceptions that fit", of: id)
            }
        case .clusterPolicy, .policy:
            let kind: PolicyDecoder.Kind = id.kind == .policy ? .policy : .clusterPolicy
            let objection: String? =
                if object["spec"] == nil {
                    Self.tooDeep
                } else if count >= PolicyLoader.maximumPolicies {
                    "is one more than the \(PolicyLoader.maximumPolicies) policies that fit"
                } else { nil }
            if let objection, let type = DocumentType(object, defaults: defaults), case .policy = type.meaning {
                return CompiledObject(object, kind, type, objection: objection)
            }
        }
        return CompiledObject(object, defaults: defaults)
            ?? CompiledObject(problem: "is no \(id.kind.rawValue)", of: id)
    }

    /// The definitions demand a `spec`: where there is none, it was left out by who read the object.
    private static let tooDeep =
        "is nested more than \(ParseLimits.standardMaximumDepth) levels deep, and cannot be read"

    // MARK: What came of it

    /// What is in force now: the policies of files in their order, then the objects by name.
    public func snapshot() -> PolicySnapshot {
        var policies = files.snapshot.policies
        var exceptions = files.snapshot.exceptions
        for (id, entry) in ordered {
            switch standing(of: entry, id) {
            case .inForce:
                if let policy = entry.compiled.policy { policies.append(policy) }
                if let exception = entry.compiled.exception { exceptions.append(exception) }
            case .lastGoodInForce: if let policy = entry.lastGood { policies.append(policy) }
            case .refusing: if let policy = entry.compiled.refusal { policies.append(policy) }
            case .nothingToEnforce, .withoutEffect, .ignored, .givenInFile: break
            }
        }
        return PolicySnapshot(policies, exceptions: exceptions)
    }

    /// What came of each object, by name.
    public var outcomes: [PolicyOutcome] {
        ordered.map { id, entry in
            let standing = standing(of: entry, id)
            return PolicyOutcome(
                id: id, uid: entry.uid, generation: entry.generation, standing: standing,
                problems: entry.compiled.problems, notes: notesAboutNamespace(id, standing) + entry.compiled.notes)
        }
    }

    private func notesAboutNamespace(_ id: PolicyID, _ standing: PolicyOutcome.Standing) -> [PolicyNote] {
        guard standing == .inForce, id.kind == .policy, let namespace = id.namespace,
            unseenNamespaces.contains(namespace)
        else { return [] }
        let text = "is asked about nothing, since the webhooks leave out the namespace \(namespace)"
        return [PolicyNote(file: "", policy: id.description, path: "", text: text)]
    }

    private var ordered: [(key: PolicyID, value: Entry)] {
        entries.sorted { $0.key.description.utf8.lexicographicallyPrecedes($1.key.description.utf8) }
    }

    private func standing(of entry: Entry, _ id: PolicyID) -> PolicyOutcome.Standing {
        if let file = files.origins[id] { return .givenInFile(file) }
        let compiled = entry.compiled
        if id.kind == .exception {
            guard honoursExceptions else { return .ignored }
            return compiled.exception == nil ? .withoutEffect : .inForce
        }
        if compiled.problems.isEmpty { return compiled.policy == nil ? .nothingToEnforce : .inForce }
        if entry.lastGood != nil { return .lastGoodInForce }
        return compiled.refusal == nil ? .withoutEffect : .refusing
    }
}
