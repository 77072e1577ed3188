import JSON
import Policy

/// What one `AdmissionReview` asks, read in place from its document.
///
/// Source: Kubernetes `admission.k8s.io/v1`, AdmissionRequest.
public struct AdmissionRequest: Sendable {
    /// The identifier that the response must repeat.
    public let uid: String
    /// True when the request will not be persisted: nothing but the answer may come of it.
    public let isDryRun: Bool
    /// What rules look at: operation, kind, names, user and the objects themselves.
    public let attributes: ResourceAttributes
    /// The `request` of the review, which variables look into.
    public let source: Value

    /// Longest `uid` that is read; the API server sends 36 characters.
    static let maximumUIDLength = 256

    /// - Throws: ``ReviewError`` when the document is not an `admission.k8s.io/v1` AdmissionReview with a request.
    public init(_ document: Document) throws(ReviewError) {
        let review = document.root
        guard review.kind == .object else { throw .notAReview("the body is JSON but not an object") }
        guard let kind = review["kind"]?.string, kind == "AdmissionReview" else {
            throw .notAReview("its kind is not AdmissionReview")
        }
        guard let version = review["apiVersion"]?.string else { throw .notAReview("it has no apiVersion") }
        guard version == "admission.k8s.io/v1" else { throw .unsupportedVersion(version) }
        guard let request = review["request"], request.kind == .object else { throw .noRequest }
        try self.init(request: request)
    }

    private init(request: Value) throws(ReviewError) {
        guard let uid = request["uid"]?.string, !uid.isEmpty, uid.utf8.count <= Self.maximumUIDLength else {
            throw .badField("request.uid", "must be a string of 1 to \(Self.maximumUIDLength) bytes")
        }
        self.uid = uid
        source = request
        isDryRun = try Self.boolean(request["dryRun"], "request.dryRun")

        guard let operation = request["operation"]?.string.flatMap(Policy.Operation.init(rawValue:)) else {
            throw .badField("request.operation", "must be CREATE, UPDATE, DELETE or CONNECT")
        }
        guard let kind = request["kind"], kind.kind == .object, let kindName = kind["kind"]?.string, !kindName.isEmpty
        else { throw .badField("request.kind", "must be an object with group, version and kind") }

        let object = try Self.object(request["object"], "request.object")
        // What is created or changed is always sent; a review that leaves it out must not pass for one without images.
        guard object != nil || (operation != .create && operation != .update) else {
            throw .badField("request.object", "must be there for CREATE and UPDATE")
        }
        let oldObject = try Self.object(request["oldObject"], "request.oldObject")
        let metadata = (object ?? oldObject)?["metadata"]
        let subresource = try Self.text(request["subResource"], "request.subResource")
        // A scale request carries a Scale, but what is being changed is the Deployment: its group and version count.
        let versioned = subresource.isEmpty ? kind : request["resource"] ?? kind
        let name = try Self.text(request["name"], "request.name")

        attributes = ResourceAttributes(
            operation: operation,
            group: try Self.text(versioned["group"], "request.kind.group"),
            version: try Self.text(versioned["version"], "request.kind.version"),
            kind: ResourceAttributes.kind(
                ofResource: try Self.text(request["resource"]?["resource"], "request.resource.resource"),
                subresource: subresource, sentKind: kindName),
            subresource: subresource,
            namespace: try Self.text(request["namespace"], "request.namespace"),
            // The API server leaves the name empty where it has still to be generated.
            name: name.isEmpty ? try Self.text(metadata?["name"], "request.object.metadata.name") : name,
            generateName: try Self.text(metadata?["generateName"], "request.object.metadata.generateName"),
            object: object,
            oldObject: oldObject,
            userInfo: try Self.userInfo(request["userInfo"])
        )
    }

    private static func userInfo(_ value: Value?) throws(ReviewError) -> UserInfo {
        var groups: [String] = []
        if let list = value?["groups"] {
            for group in list.elements {
                guard let group = group.string else { throw .badField("request.userInfo.groups", "must hold strings") }
                groups.append(group)
            }
        }
        return UserInfo(username: try text(value?["username"], "request.userInfo.username"), groups: groups)
    }

    /// An optional string field: absent and null are empty, anything else is an error.
    private static func text(_ value: Value?, _ field: String) throws(ReviewError) -> String {
        guard let value, !value.isNull else { return "" }
        guard let text = value.string else { throw .badField(field, "must be a string") }
        return text
    }

    private static func boolean(_ value: Value?, _ field: String) throws(ReviewError) -> Bool {
        guard let value, !value.isNull else { return false }
        guard let boolean = value.boolean else { throw .badField(field, "must be true or false") }
        return boolean
    }

    private static func object(_ value: Value?, _ field: String) throws(ReviewError) -> Value? {
        guard let value, !value.isNull else { return nil }
        guard value.kind == .object else { throw .badField(field, "must be an object") }
        return value
    }
}

/// Why a body is not a review that can be answered.
public enum ReviewError: Error, Sendable, Equatable, CustomStringConvertible {
    case empty
    case malformed(ParseError)
    case notAReview(String)
    case unsupportedVersion(String)
    case noRequest
    case badField(String, String)

    public var description: String {
        switch self {
        case .empty: "the request body is empty; an AdmissionReview as JSON was expected"
        case .malformed(let error): "the request body is not valid JSON: \(error)"
        case .notAReview(let why): "the request body is not an AdmissionReview: \(why)"
        case .unsupportedVersion(let version):
            "AdmissionReview version \(printable(version)) is not supported; "
                + "register the webhook with admissionReviewVersions: [\"v1\"]"
        case .noRequest: "the AdmissionReview has no request"
        case .badField(let field, let why): "the AdmissionReview's \(field) \(why)"
        }
    }
}
