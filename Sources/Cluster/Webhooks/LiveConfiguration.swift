import JSON

/// What a stored webhook configuration says, in a form in which two that say the same are equal: members in order,
/// webhooks by name, nothing of what only the API server writes.
struct LiveConfiguration: Sendable, Hashable {
    /// By name, each as canonical text.
    private let webhooks: [String: [UInt8]]
    private let label: String?
    private let injection: String?

    /// - Parameter ignoringCABundle: Where cert-manager writes it.
    init(_ object: Value, ignoringCABundle: Bool) {
        var webhooks: [String: [UInt8]] = [:]
        for webhook in object["webhooks"].map({ Array($0.elements) }) ?? [] {
            webhooks[webhook["name"]?.string ?? ""] = Self.canonical(
                webhook, without: ignoringCABundle ? "caBundle" : nil)
        }
        self.webhooks = webhooks
        let metadata = object["metadata"]
        label = metadata?["labels"]?[Installation.managedByLabel.key]?.string
        injection = metadata?["annotations"]?[CABundle.injectionAnnotation]?.string
    }

    /// The CA certificates that the webhooks carry, as PEM text; the empty text for one that carries none.
    static func caBundles(of object: Value) -> Set<String> {
        let webhooks = object["webhooks"].map { Array($0.elements) } ?? []
        return Set(
            webhooks.map { webhook in
                let encoded = webhook["clientConfig"]?["caBundle"]?.string ?? ""
                return String(decoding: Base64.decode(encoded) ?? [], as: UTF8.self)
            })
    }

    private static func canonical(_ value: Value, without omitted: String?) -> [UInt8] {
        var writer = Writer()
        write(value, without: omitted, to: &writer)
        return writer.bytes
    }

    private static func write(_ value: Value, without omitted: String?, to writer: inout Writer) {
        switch value.kind {
        case .object:
            writer.beginObject()
            for (key, member) in value.members.sorted(by: { $0.key < $1.key }) where !member.isNull && key != omitted {
                writer.key(key)
                write(member, without: omitted, to: &writer)
            }
            writer.endObject()
        case .array:
            writer.beginArray()
            for element in value.elements { write(element, without: omitted, to: &writer) }
            writer.endArray()
        case .string: writer.string(value.string ?? "")
        case .boolean, .number, .null: writer.value(value)
        }
    }
}
