import ArgumentParser
import FoundationEssentials
import HTTPClient
import Registry

/// How registries are reached; the same flags for every command.
struct RegistryOptions: ParsableArguments {
    @Option(
        name: .customLong("insecure-registry"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Registries to speak plain http to, HOST or HOST:PORT. Loopback always is.", valueName: "host")
    )
    var insecureRegistries: [String] = []

    @Option(
        name: .customLong("registry-ca"),
        help: ArgumentHelp("PEM file of certificate authorities to trust besides the system's.", valueName: "file"))
    var certificateAuthorities: String?

    @Option(
        help: ArgumentHelp(
            "Docker config.json with credentials; without it registries are asked anonymously.", valueName: "file"))
    var registryConfig: String?

    @OptionGroup(title: "Registry limits")
    var limits: RegistryLimitOptions

    /// Larger than any config.json that people have.
    private static let maximumConfigBytes = 1 << 20

    func validate() throws {
        for host in insecureRegistries where host.isEmpty || host.contains("/") {
            throw ValidationError("--insecure-registry takes HOST or HOST:PORT, without a scheme or a path: \(host)")
        }
    }

    func configuration() throws(StartError) -> RegistryConfiguration {
        var configuration = RegistryConfiguration(
            insecureHosts: Set(insecureRegistries), caFile: certificateAuthorities, limits: limits.limits)
        if let registryConfig {
            guard let data = FileManager.default.contents(atPath: registryConfig) else {
                throw StartError(description: "--registry-config: \(registryConfig) cannot be read")
            }
            guard data.count <= Self.maximumConfigBytes else {
                throw StartError(description: "--registry-config: \(registryConfig) is larger than 1 MiB")
            }
            do throws(DockerConfigError) {
                configuration.dockerConfig = try DockerConfig(parsing: [UInt8](data))
            } catch {
                throw StartError(description: "--registry-config: \(registryConfig): \(error)")
            }
        }
        return configuration
    }

    func client(environment: [String: String] = ProcessInfo.processInfo.environment) -> HTTPClient.Configuration {
        HTTPClient.Configuration(
            caFile: certificateAuthorities, proxy: HTTPClient.ProxySettings(environment: environment))
    }
}
