import JMESPath
import JSON
import OCI

/// What every rule's variables begin with: the admission request and the images in its object.
public struct ScopeInput: Sendable {
    /// The `request` of the review.
    public var request: Value
    public var username: String
    public var images: [ContainerImage]
    /// The clock of time functions.
    public var environment: Environment

    public init(request: Value, username: String, images: [ContainerImage], environment: Environment = .system) {
        self.request = request
        self.username = username
        self.images = images
        self.environment = environment
    }
}

extension Scope {
    /// The scope of a rule before its context.
    public init(_ input: ScopeInput) {
        self.init(environment: input.environment)
        set("request", to: .success(.json(input.request)))
        set("images", to: Self.images(input.images))

        let account = Self.serviceAccount(input.username)
        set("serviceAccountName", to: .success(.string(account.name)))
        set("serviceAccountNamespace", to: .success(.string(account.namespace)))
    }

    /// `system:serviceaccount:NAMESPACE:NAME`; both are empty for anybody else.
    private static func serviceAccount(_ username: String) -> (namespace: String, name: String) {
        let parts = username.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" else { return ("", "") }
        return (String(parts[2]), String(parts[3]))
    }

    /// The images by list and by container name.
    ///
    /// One that is no reference makes all of them an error: without it, a condition over the rest would seem to hold
    /// for all.
    private static func images(_ images: [ContainerImage]) -> Result<Node, RuleFailure> {
        var lists: [String: ObjectNode] = [:]
        var order: [String] = []
        for image in images {
            guard case .success(let reference) = image.reference else {
                let text = String(image.text.prefix(128))
                return .failure(RuleFailure("{{ images }}: \"\(text)\" at \(image.pointer) is no image reference"))
            }
            let list = image.list.rawValue
            if lists[list] == nil { order.append(list) }
            var members = lists[list] ?? ObjectNode()
            // Two of one name are two images: the second goes by its place.
            let key = members[image.name] == nil ? image.name : image.pointer.description
            members.set(key, to: .object(reference.members(at: image.pointer)))
            lists[list] = members
        }
        var node = ObjectNode()
        for list in order { node.set(list, to: .object(lists[list] ?? ObjectNode())) }
        return .success(.object(node))
    }
}

extension ImageReference {
    fileprivate func members(at pointer: Pointer) -> ObjectNode {
        var members = ObjectNode()
        let path = repository.path
        members.set("registry", to: .string(repository.registry))
        members.set("path", to: .string(path))
        members.set("name", to: .string(path.split(separator: "/").last.map(String.init) ?? path))
        if let tag { members.set("tag", to: .string(tag)) }
        if let digest { members.set("digest", to: .string(digest.description)) }
        members.set("reference", to: .string(normalized))
        members.set("referenceWithTag", to: .string("\(repository):\(tag ?? "")"))
        members.set("jsonPointer", to: .string(pointer.description))
        return members
    }
}
