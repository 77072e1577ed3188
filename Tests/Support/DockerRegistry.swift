import Foundation

/// Debian's `docker-registry` (distribution 2.8: it has no referrers API) on a port of its own, with its data in a
/// folder that goes away.
final class DockerRegistry: Sendable {
    /// What a client needs for a registry that speaks TLS and asks who is there.
    struct Access: Sendable {
        static let user = "reader"
        static let password = "correct horse"
        /// bcrypt of the password, with a salt that means nothing: `perl -e 'print crypt(…, q($2b$05$…))'`.
        fileprivate static let passwordHash = "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"

        var caFile: String
    }

    let port: Int
    /// How to get in; nil for a registry that is open to all over plain HTTP.
    let access: Access?
    private let folder: TemporaryFolder
    private let process: Child

    var host: String { "127.0.0.1:\(port)" }

    /// - Parameter isGuarded: whether it speaks TLS, with a certificate of its own authority, and asks for a password.
    init(isGuarded: Bool = false) async throws {
        folder = try TemporaryFolder("docker-registry")
        var tls = ""
        var authentication = ""
        if isGuarded {
            let certificate = try await SelfSigned.make(in: folder)
            access = Access(caFile: certificate.certificateFile)
            try folder.write("\(Access.user):\(Access.passwordHash)\n", to: "passwords")
            tls = #", tls: {certificate: "\#(certificate.certificateFile)", key: "\#(certificate.keyFile)"}"#
            authentication = #"auth: {htpasswd: {realm: test, path: "\#(folder.path)/passwords"}}"#
        } else {
            access = nil
        }
        let configuration = try folder.write(
            """
            version: 0.1
            log: {level: info, formatter: json}
            storage:
              filesystem: {rootdirectory: \(folder.path)/data}
              delete: {enabled: true}
            http: {addr: "127.0.0.1:0"\(tls)}
            \(authentication)
            """, to: "config.yml")
        process = try Child(Parts.dockerRegistry, ["serve", configuration], in: folder)

        // The registry chose the port, and says so.
        let process = process
        var port: Int?
        let isListening = try await eventually {
            let match = (process.errors + process.output).firstMatch(of: /listening on 127\.0\.0\.1:([0-9]+)/)
            port = match.flatMap { Int($0.output.1) }
            return port != nil || process.hasEnded
        }
        guard isListening, let port else {
            throw CommandFailure(description: "docker-registry does not start: \(process.errors)")
        }
        self.port = port
    }
}
