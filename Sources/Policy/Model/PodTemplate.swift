import JSON

/// Where a kind keeps the template of its Pods, and so what a rule's variables have to say instead of what they say
/// about a Pod.
///
/// Source: spec/verify-images.md, "Autogen".
enum PodTemplate: Sendable, Hashable, CaseIterable {
    /// `spec.template`
    case controller
    /// `spec.jobTemplate.spec.template`
    case cronJob

    private var path: String {
        switch self {
        case .controller: "spec.template"
        case .cronJob: "spec.jobTemplate.spec.template"
        }
    }

    /// The fields of a rule that may hold variables.
    private static let fields = ["context", "preconditions", "verifyImages"]
    private static let objects = ["request.object.", "request.oldObject."]

    /// The rule with its variables about the Pod inside the template, or nil when it says nothing about the Pod.
    ///
    /// What is spelled in another way, as `request."object"`, is left alone: that is how a policy means the object that
    /// was sent.
    func rewritten(_ rule: Value) -> Document? {
        let speaks = Self.fields.contains { field in
            guard let text = rule[field]?.description else { return false }
            return Self.objects.contains { text.contains($0) }
        }
        guard speaks else { return nil }
        var writer = Writer()
        write(rule, isInside: false, to: &writer)
        return try? Document(writer.bytes)
    }

    private func write(_ value: Value, isInside: Bool, to writer: inout Writer) {
        switch value.kind {
        case .string where isInside: writer.string(rewritten(value.string ?? ""))
        case .array:
            writer.beginArray()
            for element in value.elements { write(element, isInside: isInside, to: &writer) }
            writer.endArray()
        case .object:
            writer.beginObject()
            for (key, member) in value.members {
                writer.key(key)
                write(member, isInside: isInside || Self.fields.contains(key), to: &writer)
            }
            writer.endObject()
        default: writer.value(value)
        }
    }

    func rewritten(_ text: String) -> String {
        var text = text
        for object in Self.objects {
            for field in ["spec", "metadata"] {
                text = Self.replace(object + field, by: "\(object)\(path).\(field)", in: text)
            }
        }
        return text
    }

    /// Replaces a path where it ends: `request.object.spec` is no part of `request.object.specification`.
    private static func replace(_ path: String, by replacement: String, in text: String) -> String {
        var pieces = text.split(separator: path, omittingEmptySubsequences: false).map(String.init)
        guard pieces.count > 1 else { return text }
        var result = pieces.removeFirst()
        for piece in pieces {
            let goesOn = piece.utf8.first.map(isNameByte) ?? false
            result += (goesOn ? path : replacement) + piece
        }
        return result
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
