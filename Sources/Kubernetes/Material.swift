import FoundationEssentials

/// Bytes that a configuration brings, or a file that holds them and may change.
enum Material: Sendable, Hashable {
    case text(Secret)
    case file(String)

    /// Certificates, keys and tokens are a few KiB.
    static let maximumBytes = 1 << 20

    /// - Parameter what: for the message, as `the token`. What the file holds is never in one.
    func read(_ what: String) throws(APIFailure) -> String {
        switch self {
        case .text(let secret): return secret.value
        case .file(let path):
            guard let bytes = Self.contents(of: path) else { throw .credentials("\(what) \(path) cannot be read") }
            guard bytes.count <= Self.maximumBytes, let text = String(validating: bytes, as: UTF8.self) else {
                throw .credentials("\(what) \(path) holds no text of a reasonable size")
            }
            return text
        }
    }

    static func contents(of path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { Array($0) }
    }
}
