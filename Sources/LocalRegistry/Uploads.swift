import OCI

/// Uploads that have begun and are not done.
struct Uploads: Sendable {
    /// At once. Clients push a few layers in parallel.
    static let maximumCount = 64
    /// Of one blob; also what one request may bring. Tests and demos push kilobytes.
    static let maximumBytes = 256 << 20

    private struct Upload {
        let repository: String
        var bytes: [UInt8] = []
    }

    private var uploads: [String: Upload] = [:]

    /// Begins an upload; nil when there are too many.
    mutating func begin(in repository: String) -> String? {
        guard uploads.count < Self.maximumCount else { return nil }
        let id = randomName()
        uploads[id] = Upload(repository: repository)
        return id
    }

    func byteCount(of id: String, in repository: String) -> Int? {
        guard let upload = uploads[id], upload.repository == repository else { return nil }
        return upload.bytes.count
    }

    /// Appends to an upload; returns false when it would grow too large.
    mutating func append(_ bytes: [UInt8], to id: String) -> Bool {
        guard let upload = uploads[id], upload.bytes.count + bytes.count <= Self.maximumBytes else { return false }
        uploads[id]?.bytes += bytes
        return true
    }

    mutating func end(_ id: String) -> [UInt8] {
        uploads.removeValue(forKey: id)?.bytes ?? []
    }
}

/// 32 hexadecimal digits that nobody guesses.
func randomName() -> String {
    (0..<4).map { _ in
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
}
