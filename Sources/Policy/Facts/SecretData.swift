import JSON

/// What a Secret's manifest holds.
public enum SecretData {
    /// `data` decoded, and `stringData`, which wins.
    ///
    /// Source: Kubernetes, Secret.
    public static func decode(_ secret: Value) throws(SecretDataError) -> [String: [UInt8]] {
        var data: [String: [UInt8]] = [:]
        for (key, value) in secret["data"]?.members.map({ $0 }) ?? [] {
            guard let bytes = value.string.flatMap(Base64.decode) else { throw SecretDataError(field: "data[\(key)]") }
            data[key] = bytes
        }
        for (key, value) in secret["stringData"]?.members.map({ $0 }) ?? [] {
            guard let text = value.string else { throw SecretDataError(field: "stringData[\(key)]") }
            data[key] = Array(text.utf8)
        }
        return data
    }
}

/// Which field of a Secret cannot be read. What it holds is nobody's business.
public struct SecretDataError: Error, Sendable, Hashable {
    public let field: String
}
