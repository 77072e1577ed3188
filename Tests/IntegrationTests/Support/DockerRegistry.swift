import Foundation

/// Debian's `docker-registry` (distribution 2.8: it has no referrers API) on a port of its own, with its data in a
/// folder that goes away.
final class DockerRegistry: Sendable {
    let port: Int
    private let folder: TemporaryFolder
    private let process: Child

    var host: String { "127.0.0.1:\(port)" }

    init() async throws {
        folder = try TemporaryFolder("docker-registry")
        let configuration = try folder.write(
            """
            version: 0.1
            log: {level: info, formatter: json}
            storage:
              filesystem: {rootdirectory: \(folder.path)/data}
              delete: {enabled: true}
            http: {addr: "127.0.0.1:0"}
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
