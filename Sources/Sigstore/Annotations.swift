import JSON

/// What a signature must carry beside the image it names.
enum Annotations {
    /// - Parameter carried: the object that the signature covers; nil and anything but an object carry nothing.
    /// - Throws: ``SignatureFailure/annotationMismatch(key:expected:)`` for the first, in the order of the keys.
    static func require(_ annotations: [String: String], in carried: Value?) throws(SignatureFailure) {
        if annotations.isEmpty { return }
        for (key, expected) in annotations.sorted(by: { $0.key < $1.key }) {
            guard let value = carried?[key], value.equals(expected) else {
                throw .annotationMismatch(key: key, expected: expected)
            }
        }
    }
}
