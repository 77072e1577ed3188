import ArgumentParser
import Registry

/// How much a registry may make us read and ask. The defaults are ``RegistryLimits``'s; an error names the flag.
struct RegistryLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Bytes of a manifest or index.", valueName: "bytes"))
    var maxManifestBytes = RegistryLimits().manifestBytes.value

    @Option(help: ArgumentHelp("Bytes of what a cosign 2 signature signs.", valueName: "bytes"))
    var maxPayloadBytes = RegistryLimits().payloadBytes.value

    @Option(help: ArgumentHelp("Bytes of a bundle or an envelope.", valueName: "bytes"))
    var maxBundleBytes = RegistryLimits().bundleBytes.value

    @Option(help: ArgumentHelp("Pages of one list of referrers.", valueName: "n"))
    var maxReferrerPages = RegistryLimits().referrerPages.value

    @Option(help: ArgumentHelp("Requests to one registry at a time.", valueName: "n"))
    var maxRequestsPerHost = RegistryLimits().requestsPerHost.value

    /// Above this an operator has mistyped: no registry takes a larger manifest, and memory is finite.
    private static let ceiling = 1 << 30

    func validate() throws {
        let all = [
            ("--max-manifest-bytes", maxManifestBytes), ("--max-payload-bytes", maxPayloadBytes),
            ("--max-bundle-bytes", maxBundleBytes), ("--max-referrer-pages", maxReferrerPages),
            ("--max-requests-per-host", maxRequestsPerHost),
        ]
        for (name, value) in all where !(1...Self.ceiling).contains(value) {
            throw ValidationError("\(name) must be between 1 and \(Self.ceiling)")
        }
    }

    var limits: RegistryLimits {
        var limits = RegistryLimits()
        limits.manifestBytes.value = maxManifestBytes
        limits.payloadBytes.value = maxPayloadBytes
        limits.bundleBytes.value = maxBundleBytes
        limits.referrerPages.value = maxReferrerPages
        limits.requestsPerHost.value = maxRequestsPerHost
        return limits
    }
}
