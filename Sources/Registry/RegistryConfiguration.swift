/// What an operator says about registries.
public struct RegistryConfiguration: Sendable {
    /// Hosts that may be spoken to in plain http: `host` for each port of it, or `host:port`. Loopback always may.
    public var insecureHosts: Set<String>
    /// A PEM file of authorities to trust besides the system's.
    public var caFile: String?
    /// Where credentials come from; without it every access is anonymous.
    public var dockerConfig: DockerConfig?
    public var limits: RegistryLimits

    public init(
        insecureHosts: Set<String> = [], caFile: String? = nil, dockerConfig: DockerConfig? = nil,
        limits: RegistryLimits = RegistryLimits()
    ) {
        self.insecureHosts = Set(insecureHosts.map { $0.lowercased() })
        self.caFile = caFile
        self.dockerConfig = dockerConfig
        self.limits = limits
    }
}
