import CCurl
import Glibc
import Synchronization

/// Turns "the system's authorities and these" into the one path that libcurl takes.
///
/// libcurl reads one bundle file and keeps the parsed store by its path; a bundle given as bytes would be copied and
/// compared for every request, and parsed for every connection. So the system's bundle and the extra files are put
/// together in an anonymous memory file, once for each combination, and libcurl gets its `/proc/self/fd` path. Files
/// are read once: a changed file takes a new client.
final class CertificateAuthorities: Sendable {
    /// A CA bundle larger than this is a mistake: the system's, with some 140 authorities, is 0.2 MiB.
    static let maximumBundleBytes = 4 << 20

    private let systemBundle: String?
    private let commonFile: String?
    private let bundles = Mutex<[String: MemoryFile]>([:])

    /// - Parameters:
    ///   - systemBundle: the bundle that this libcurl was built to read.
    ///   - commonFile: authorities to trust in every request.
    init(systemBundle: String?, commonFile: String?) throws(HTTPClient.Failure) {
        self.systemBundle = systemBundle
        self.commonFile = commonFile
        if commonFile != nil { _ = try path(adding: nil) }
    }

    /// The path of a bundle of the system's authorities, the client's and those in `file`; nil means libcurl's default.
    func path(adding file: String?) throws(HTTPClient.Failure) -> String? {
        let files = [commonFile, file].compactMap(\.self)
        if files.isEmpty { return nil }
        let key = files.joined(separator: "\0")
        return try bundles.withLock { bundles throws(HTTPClient.Failure) in
            if let known = bundles[key] { return known.path }
            let file = try MemoryFile(contents: merged(files))
            bundles[key] = file
            return file.path
        }
    }

    private func merged(_ files: [String]) throws(HTTPClient.Failure) -> [UInt8] {
        // A system without a bundle has a directory, which stays in force beside this file, or trusts nobody.
        var bytes = systemBundle.flatMap { readFile($0, limit: Self.maximumBundleBytes) } ?? []
        for file in files {
            guard let more = readFile(file, limit: Self.maximumBundleBytes) else {
                throw .configuration("the CA file \(file) cannot be read")
            }
            guard more.containsCertificate else {
                throw .configuration("the CA file \(file) holds no PEM certificate")
            }
            bytes += [0x0A] + more
        }
        return bytes
    }
}

/// A file in memory that lasts as long as this object.
private final class MemoryFile: Sendable {
    private let descriptor: Int32
    var path: String { "/proc/self/fd/\(descriptor)" }

    init(contents: [UInt8]) throws(HTTPClient.Failure) {
        descriptor = unsafe countersign_memory_file("ca-bundle")
        guard descriptor >= 0 else { throw .configuration("no memory for the CA bundle") }
        var written = 0
        while written < contents.count {
            let count = unsafe contents.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                return unsafe write(descriptor, rest.baseAddress, rest.count)
            }
            guard count > 0 else { throw .configuration("no memory for the CA bundle") }
            written += count
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// The bytes of the file at `path`, or nil when it cannot be read or is longer than `limit`.
private func readFile(_ path: String, limit: Int) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = unsafe read(descriptor, &chunk, chunk.count)
        guard count >= 0, bytes.count + count <= limit else { return nil }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}

extension [UInt8] {
    fileprivate var containsCertificate: Bool {
        String(decoding: self, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
    }
}
