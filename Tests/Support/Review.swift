import Foundation

/// An AdmissionReview as a real API server writes it, from the templates in `Tests/Fixtures/apiserver`.
struct Review: Sendable {
    enum Template: String, Sendable {
        case podCreate = "pod-create"
        case podUpdate = "pod-update"
        case podEphemeralUpdate = "pod-ephemeral-update"
        case podDelete = "pod-delete"
        case deploymentCreate = "deployment-create"
        case cronJobCreate = "cronjob-create"
    }

    var template = Template.podCreate
    var name = "web"
    var namespace = "test"
    var uid = UUID().uuidString.lowercased()
    var dryRun = false
    /// Images by container: the n-th is called `app`, `app-1`, …
    var containers: [String] = []
    var initContainers: [String] = []
    var ephemeralContainers: [String] = []
    var oldContainers: [String] = []

    init(_ images: String..., template: Template = .podCreate) {
        self.containers = images
        self.template = template
    }

    /// One line of JSON, in the order in which an API server writes its fields.
    func bytes() throws -> [UInt8] {
        var text = try Self.fixture(template.rawValue)
        let lists = [
            ("initContainers", "$INIT_CONTAINERS", try Self.list(initContainers, "init", of: "container")),
            ("containers", "$OLD_CONTAINERS", try Self.list(oldContainers, "app", of: "container")),
            ("containers", "$CONTAINERS", try Self.list(containers, "app", of: "container")),
            (
                "ephemeralContainers", "$EPHEMERAL_CONTAINERS",
                try Self.list(ephemeralContainers, "debug", of: "ephemeral-container")
            ),
        ]
        for (field, marker, items) in lists {
            // An empty list is left out, and with it the comma that follows it: no list is the last field.
            let written = items.isEmpty ? "" : "\"\(field)\":[\(items.joined(separator: ","))],"
            text = text.replacing("\"\(field)\":[\"\(marker)\"],", with: written)
        }
        text = text.replacing("\"$DRY_RUN\"", with: dryRun ? "true" : "false")
        for (marker, value) in [("$UID", uid), ("$OBJECT_NAME", name), ("$NAMESPACE", namespace)] {
            text = text.replacing(marker, with: value)
        }
        guard try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any], !text.contains("\"$") else {
            throw CommandFailure(description: "\(template) has markers left: \(text)")
        }
        return Array(text.utf8)
    }

    private static func list(_ images: [String], _ name: String, of fixtureName: String) throws -> [String] {
        let template = try fixture(fixtureName)
        return images.enumerated().map { index, image in
            template.replacing("$NAME", with: index == 0 ? name : "\(name)-\(index)")
                .replacing("$IMAGE", with: image)
        }
    }

    private static func fixture(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/apiserver")
        return withoutWhiteSpace(try String(contentsOf: folder.appending(path: name + ".json"), encoding: .utf8))
    }

    /// JSON text without the white space between its tokens.
    private static func withoutWhiteSpace(_ text: String) -> String {
        var result = ""
        var isInString = false
        var isEscaped = false
        for character in text {
            if isInString {
                isInString = isEscaped || character != "\""
                isEscaped = !isEscaped && character == "\\"
            } else if character.isWhitespace {
                continue
            } else {
                isInString = character == "\""
            }
            result.append(character)
        }
        return result
    }
}

/// What the gate answered to a review.
struct ReviewAnswer: Sendable, CustomStringConvertible {
    struct Operation: Decodable, Sendable, Equatable {
        var op: String
        var path: String
        var value: String?
    }

    private struct Envelope: Decodable {
        struct Response: Decodable {
            struct Status: Decodable {
                var code: Int?
                var message: String?
            }
            var uid: String
            var allowed: Bool
            var status: Status?
            var patchType: String?
            var patch: Data?
            var warnings: [String]?
        }
        var apiVersion: String
        var kind: String
        var response: Response
    }

    let text: String
    let uid: String
    let allowed: Bool
    let code: Int?
    let message: String
    let patch: [Operation]
    let warnings: [String]

    var description: String { "\(text)\npatch: \(patch)" }

    /// The images that the patch writes.
    var patchedImages: [String] { patch.compactMap(\.value) }

    init(_ answer: Curl.Answer) throws {
        guard answer.status == 200 else {
            throw CommandFailure(description: "no review: HTTP \(answer.status) \(answer.text)")
        }
        let envelope = try JSONDecoder().decode(Envelope.self, from: Data(answer.body))
        guard envelope.apiVersion == "admission.k8s.io/v1", envelope.kind == "AdmissionReview" else {
            throw CommandFailure(description: "not a review: \(answer.text)")
        }
        let response = envelope.response
        guard (response.patch == nil) == (response.patchType == nil), response.patchType ?? "JSONPatch" == "JSONPatch"
        else { throw CommandFailure(description: "a patch needs its type: \(answer.text)") }
        text = answer.text
        uid = response.uid
        allowed = response.allowed
        code = response.status?.code
        message = response.status?.message ?? ""
        patch = try response.patch.map { try JSONDecoder().decode([Operation].self, from: $0) } ?? []
        warnings = response.warnings ?? []
    }
}
