/// Where in a policy something stands: `spec.rules[0].verifyImages[1].attestors[0].count`.
struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    let description: String

    /// The policy itself.
    static let root = FieldPath(description: "")

    func child(_ name: String) -> FieldPath {
        FieldPath(description: description.isEmpty ? name : description + "." + name)
    }

    func index(_ index: Int) -> FieldPath { FieldPath(description: "\(description)[\(index)]") }
}
