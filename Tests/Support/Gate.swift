import Foundation

/// A running `countersign serve`, over TLS on a port of its own, with its policies in a folder of its own.
final class Gate: ReviewServer {
    let port: Int
    let folder: TemporaryFolder
    let process: Child
    private let curl: Curl
    private let certificateFile: String

    var url: String { "https://127.0.0.1:\(port)" }

    /// What it has logged so far.
    var log: String { process.errors + process.output }

    /// Starts the executable and waits until it is ready.
    /// - Parameters:
    ///   - policies: files of the policy folder, by name.
    ///   - flags: further flags of `countersign serve`.
    static func start(policies: [String: String], flags: [String] = []) async throws -> Gate {
        let gate = try await Gate(policies: policies, flags: flags)
        let isReady = try await eventually {
            if gate.process.hasEnded { return true }
            return try await gate.send("GET", "/readyz").status == 200
        }
        guard isReady, !gate.process.hasEnded else {
            throw CommandFailure(description: "countersign serve does not get ready:\n\(gate.log)")
        }
        return gate
    }

    private init(policies: [String: String], flags: [String]) async throws {
        folder = try TemporaryFolder("gate")
        curl = Curl(folder: folder)
        port = try FreePort.find()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/policies", withIntermediateDirectories: true)
        for (name, text) in policies { try folder.write(text, to: "policies/\(name)") }
        let certificate = try await SelfSigned.make(in: folder)
        certificateFile = certificate.certificateFile
        process = try Child(
            Parts.countersign,
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--policies", folder.path + "/policies",
                "--tls-cert", certificate.certificateFile, "--tls-key", certificate.keyFile,
            ] + flags, in: folder)
    }

    /// Runs `countersign serve` where it is expected to refuse its policies, and returns how it ended.
    static func refusal(policies: [String: String]) async throws -> CommandResult {
        let folder = try TemporaryFolder("refusal")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/policies", withIntermediateDirectories: true)
        for (name, text) in policies { try folder.write(text, to: "policies/\(name)") }
        return try await Command.run(
            Parts.countersign,
            ["serve", "--listen", "127.0.0.1:\(try FreePort.find())", "--policies", folder.path + "/policies"],
            in: folder, limit: .seconds(20))
    }

    /// Puts a new certificate and its key in the place of those that it serves with.
    func replaceCertificate() async throws { _ = try await SelfSigned.make(in: folder) }

    /// A request by a client that trusts the gate's certificate alone.
    func send(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil, options: [String] = []
    ) async throws -> Curl.Answer {
        try await curl.send(
            method, url + path, headers: headers, body: body, caFile: certificateFile, options: options)
    }
}
