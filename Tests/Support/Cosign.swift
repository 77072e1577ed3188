import Foundation

/// A key pair that real cosign made.
struct CosignKey: Sendable {
    var privatePath: String
    var publicPath: String
    var publicPEM: String
}

/// Real cosign, of one of the two generations that are in use. It talks to registries on this machine only: no
/// transparency log, no time stamps, no trust root to fetch.
struct Cosign: Sendable {
    enum Generation: Int, Sendable, CaseIterable {
        case two = 2
        case three = 3
    }

    let generation: Generation
    let folder: TemporaryFolder
    private let registryFlags: [String]

    /// - Parameter access: how to get into the registry, when it is not open to all over plain HTTP.
    init(_ generation: Generation, in folder: TemporaryFolder, access: DockerRegistry.Access? = nil) throws {
        self.generation = generation
        self.folder = folder
        registryFlags =
            access.map {
                [
                    "--registry-cacert", $0.caFile, "--registry-username", DockerRegistry.Access.user,
                    "--registry-password", DockerRegistry.Access.password,
                ]
            } ?? ["--allow-http-registry"]
        // cosign 3 asks for its services in files: these name none.
        try folder.write(
            #"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#, to: "signing-config.json")
        try folder.write(
            #"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#, to: "trusted-root.json")
    }

    private var executable: String { generation == .two ? Parts.cosign2 : Parts.cosign3 }

    private var withoutServices: [String] {
        switch generation {
        case .two: ["--tlog-upload=false", "--yes"] + registryFlags
        case .three:
            [
                "--signing-config", "\(folder.path)/signing-config.json",
                "--trusted-root", "\(folder.path)/trusted-root.json", "--yes",
            ] + registryFlags
        }
    }

    private func run(_ arguments: [String]) async throws -> CommandResult {
        try await Command.run(executable, arguments, in: folder, environment: ["COSIGN_PASSWORD": ""])
    }

    private func succeed(_ arguments: [String]) async throws {
        let result = try await run(arguments)
        guard result.status == 0 else { throw CommandFailure(description: "cosign \(arguments): \(result)") }
    }

    func generateKey(_ name: String) async throws -> CosignKey {
        let prefix = "\(folder.path)/\(name)"
        try await succeed(["generate-key-pair", "--output-key-prefix", prefix])
        return try CosignKey(
            privatePath: prefix + ".key", publicPath: prefix + ".pub",
            publicPEM: String(contentsOfFile: prefix + ".pub", encoding: .utf8))
    }

    /// Makes cosign's own form of a private key that another tool made.
    func importKey(_ path: String, as name: String) async throws -> CosignKey {
        let prefix = "\(folder.path)/\(name)"
        try await succeed(["import-key-pair", "--key", path, "--output-key-prefix", prefix])
        return try CosignKey(
            privatePath: prefix + ".key", publicPath: prefix + ".pub",
            publicPEM: String(contentsOfFile: prefix + ".pub", encoding: .utf8))
    }

    func sign(_ image: String, with key: CosignKey, annotations: [String: String] = [:]) async throws {
        let flags = annotations.sorted { $0.key < $1.key }.flatMap { ["-a", "\($0.key)=\($0.value)"] }
        try await succeed(["sign", "--key", key.privatePath] + withoutServices + flags + [image])
    }

    func attest(_ image: String, with key: CosignKey, type: String, predicate: String) async throws {
        let path = folder.unique("predicate.json")
        try Data(predicate.utf8).write(to: URL(filePath: path))
        try await succeed(
            ["attest", "--key", key.privatePath, "--type", type, "--predicate", path] + withoutServices + [image])
    }

    /// What `cosign verify --key` answers: exit 0 with the claims, or another status with the reason.
    func verify(_ image: String, publicPath: String, annotations: [String: String] = [:]) async throws -> CommandResult
    {
        let flags = annotations.sorted { $0.key < $1.key }.flatMap { ["-a", "\($0.key)=\($0.value)"] }
        return try await run(
            ["verify", "--key", publicPath, "--insecure-ignore-tlog"] + registryFlags + flags + [image])
    }
}
