import JSON
import Policy
import YAML

/// One object that somebody may send to an API server, as it stands in a file.
public struct Manifest: Sendable {
    /// The file it was read from.
    public let source: String
    public let object: Value
    public let apiVersion: String
    public let kind: String
    /// Empty where the manifest leaves it to whoever sends it.
    public let namespace: String
    public let name: String
    public let generateName: String
    /// Whether objects of the kind live in a namespace, where somebody knows.
    private let saysNamespaced: Bool?

    var isNamespaced: Bool { saysNamespaced ?? KindNames.isNamespaced(kind, group: group) }
    var group: String { apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : "" }
    var version: String { group.isEmpty ? apiVersion : String(apiVersion.dropFirst(group.count + 1)) }

    /// An object as it stands in a list of the API server, whose items leave out what they have in common.
    ///
    /// - Parameter isNamespaced: As the API server says of the kind.
    /// - Throws: ``PolicyProblem`` when the item is no Kubernetes object.
    public init(
        listed item: Value, apiVersion: String, kind: String, isNamespaced: Bool
    ) throws(PolicyProblem) {
        let source = "the API server"
        guard item["kind"] == nil || item["apiVersion"] == nil, item.kind == .object else {
            try self.init(item, source: source, position: "", isNamespaced: isNamespaced)
            return
        }
        var writer = Writer(reservingCapacity: item.source.count + apiVersion.utf8.count + kind.utf8.count + 64)
        writer.beginObject()
        for (key, text) in [("apiVersion", apiVersion), ("kind", kind)] {
            writer.key(key)
            writer.string(text)
        }
        for (key, value) in item.members where key != "apiVersion" && key != "kind" {
            writer.key(key)
            writer.value(value)
        }
        writer.endObject()
        let document: Document
        do throws(ParseError) {
            document = try Document(writer.bytes)
        } catch {
            throw PolicyProblem(file: source, reason: "\(error)")
        }
        try self.init(document.root, source: source, position: "", isNamespaced: isNamespaced)
    }

    /// - Throws: ``PolicyProblem`` when the value is no Kubernetes object.
    init(
        _ value: Value, source: String, position: String, isNamespaced: Bool? = nil
    ) throws(PolicyProblem) {
        func problem(_ reason: String) -> PolicyProblem { PolicyProblem(file: source, reason: position + reason) }

        guard value.kind == .object else { throw problem("is no Kubernetes object") }
        guard let kind = value["kind"]?.string, !kind.isEmpty, let apiVersion = value["apiVersion"]?.string,
            !apiVersion.isEmpty
        else { throw problem("is no Kubernetes object; apiVersion and kind are needed") }
        func text(_ field: String) throws(PolicyProblem) -> String {
            guard let value = value["metadata"]?[field], !value.isNull else { return "" }
            guard let text = value.string else { throw problem("metadata.\(field) must be a string") }
            return text
        }
        self.source = source
        saysNamespaced = isNamespaced
        object = value
        self.apiVersion = apiVersion
        self.kind = kind
        namespace = try text("namespace")
        name = try text("name")
        generateName = try text("generateName")
    }
}

/// The manifests in files: several documents a file, and what Lists hold.
public struct Manifests: Sendable {
    public private(set) var manifests: [Manifest] = []
    /// What could not be read. All of it, not the first alone.
    public private(set) var problems: [PolicyProblem]

    /// More objects than one command is ever asked about; a folder that is a mistake ends here.
    static let maximumManifests = 10_000
    /// A List in a List is nobody's intention, but `kubectl` writes none deeper than one.
    static let maximumListDepth = 4

    public init(_ files: PolicyFiles) {
        problems = files.problems
        for file in files.files {
            do throws(YAMLError) {
                let documents = try YAML.documents(file.bytes)
                for (index, document) in documents.enumerated() {
                    let position = documents.count > 1 ? "document \(index + 1) " : ""
                    add(document.root, source: file.path, position: position, depth: 0)
                }
            } catch {
                problems.append(PolicyProblem(file: file.path, reason: error.description))
            }
        }
        if manifests.count > Self.maximumManifests {
            problems.append(
                PolicyProblem(reason: "there are more than the \(Self.maximumManifests) resources that fit"))
            manifests = []
        }
    }

    private mutating func add(_ value: Value, source: String, position: String, depth: Int) {
        if let kind = value["kind"]?.string, kind.hasSuffix("List"), let items = value["items"], items.kind == .array {
            guard depth < Self.maximumListDepth else {
                problems.append(PolicyProblem(file: source, reason: position + "holds Lists too deep in one another"))
                return
            }
            for (index, item) in items.elements.enumerated() {
                add(item, source: source, position: "\(position)items[\(index)] ", depth: depth + 1)
            }
            return
        }
        do throws(PolicyProblem) {
            manifests.append(try Manifest(value, source: source, position: position))
        } catch {
            problems.append(error)
        }
    }
}
