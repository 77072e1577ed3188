import Foundation

/// A certificate for this machine, with its key, made by openssl.
struct SelfSigned: Sendable {
    var certificateFile: String
    var keyFile: String

    /// Makes a new one, in the place of an earlier one if there is one: each file replaced in one step, the key first.
    static func make(in folder: TemporaryFolder) async throws -> SelfSigned {
        try await Command.succeed(
            Parts.openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=countersign-\(UUID().uuidString)", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", folder.path + "/new.key", "-out", folder.path + "/new.crt",
            ], in: folder)
        let keyFile = try folder.write(try folder.read("new.key"), to: "tls.key")
        let certificateFile = try folder.write(try folder.read("new.crt"), to: "tls.crt")
        return SelfSigned(certificateFile: certificateFile, keyFile: keyFile)
    }
}
