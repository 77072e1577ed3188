import ArgumentParser
import Cluster
import FoundationEssentials
import Kubernetes

/// How a server takes part in a cluster.
struct MemberOptions: ParsableArguments {
    @OptionGroup
    var access: ClusterAccess

    @Option(
        help: ArgumentHelp(
            "Register the webhooks by this URL instead of the service: for API servers outside, and for development.",
            valueName: "https://host:port"))
    var webhookUrl: String?

    @Option(
        help: ArgumentHelp(
            "Our own namespace (default: the pod's, or \(Installation.standardName)). No webhook looks at it.",
            valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The service that the API server calls us by.", valueName: "name"))
    var service = Installation.standardName

    @Option(
        help: ArgumentHelp(
            "The Secret in our namespace that holds the CA and the serving certificate, which are made and renewed here.",
            valueName: "name"))
    var caSecret = Installation.standardCASecret

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Secrets in our namespace with registry credentials that are good for every pod.", valueName: "name"))
    var imagePullSecrets: [String] = []

    @Option(
        help: ArgumentHelp(
            "How often to look at what runs already, and after every change of the policies; 0 never does.",
            valueName: "duration"))
    var backgroundInterval = DurationArgument(.seconds(3600), description: "1h")

    @Option(
        help: ArgumentHelp(
            "The definitions of policies (deploy/crds), made where the cluster has none.", valueName: "folder"))
    var crds: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Namespaces that no webhook looks at, besides our own.", valueName: "name"))
    var excludeNamespaces: [String] = DesiredWebhooks.systemNamespaces.sorted()

    @Option(
        help: ArgumentHelp(
            "With --tls-cert: let cert-manager tell the API server what to trust, by the name of its Certificate.",
            valueName: "namespace/name"))
    var caInjection: String?

    @Option(
        name: .customLong("webhook-ca"),
        help: ArgumentHelp(
            "With --tls-cert: the PEM certificates that the API server shall trust; read at the start.",
            valueName: "file"))
    var webhookCA: String?

    var makesWebhooksTrustFiles: Bool { caInjection != nil || webhookCA != nil }

    /// As large as a bundle may get that an API server stores.
    private static let maximumBundleBytes = 1 << 20

    func validate() throws {
        // A server reads no other kubeconfig.
        guard access.context == nil || access.kubeconfig != nil else {
            throw ValidationError("--context needs --kubeconfig")
        }
        if let webhookUrl {
            guard let url = URL(string: webhookUrl), url.scheme == "https", let host = url.host(), !host.isEmpty,
                url.path.isEmpty || url.path == "/", url.query == nil, url.fragment == nil, url.user == nil
            else { throw ValidationError("--webhook-url takes https://HOST:PORT, without a path: \(webhookUrl)") }
        }
        let names: [(flag: String, names: [String])] = [
            ("--namespace", namespace.map { [$0] } ?? []), ("--service", [service]), ("--ca-secret", [caSecret]),
            ("--image-pull-secrets", imagePullSecrets), ("--exclude-namespaces", excludeNamespaces),
        ]
        for (flag, names) in names {
            for name in names where !Self.isName(name) {
                throw ValidationError("\(flag): \"\(name)\" is no name of an object in a cluster")
            }
        }
        if let caInjection {
            let parts = caInjection.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts.allSatisfy(Self.isName) else {
                throw ValidationError("--ca-injection takes NAMESPACE/NAME of a Certificate: \(caInjection)")
            }
        }
        guard caInjection == nil || webhookCA == nil else {
            throw ValidationError("--ca-injection and --webhook-ca exclude each other")
        }
    }

    /// RFC 1123, as Kubernetes has it for most objects.
    private static func isName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }

    /// Nil outside of a cluster without `--kubeconfig`: then files are all there is.
    ///
    /// - Throws: ``StartError`` for what an operator can mend.
    func configuration(
        honoursExceptions: Bool, hasCertificateFiles: Bool
    ) throws(StartError) -> ClusterMember.Configuration? {
        guard let access = try access.configuration() else { return nil }
        return ClusterMember.Configuration(
            access: access,
            installation: Installation(
                namespace: namespace ?? (self.access.kubeconfig == nil ? access.namespace : nil)
                    ?? Installation.standardName,
                service: service,
                caSecret: caSecret, webhookURL: webhookUrl),
            definitions: crds, backgroundInterval: backgroundInterval.value, pullSecrets: imagePullSecrets,
            honoursExceptions: honoursExceptions,
            caBundle: hasCertificateFiles ? try trusted() : nil,
            excludedNamespaces: Set(excludeNamespaces))
    }

    private func trusted() throws(StartError) -> CABundle {
        if let caInjection { return .injected(from: caInjection) }
        guard let webhookCA else {
            throw StartError(
                description:
                    "--tls-cert in a cluster needs --ca-injection NAMESPACE/CERTIFICATE (cert-manager) or --webhook-ca FILE, "
                    + "so that the API server trusts it; without --tls-cert certificates are made and renewed here")
        }
        guard let data = FileManager.default.contents(atPath: webhookCA), data.count <= Self.maximumBundleBytes,
            let text = String(validating: data, as: UTF8.self), text.contains("-----BEGIN CERTIFICATE-----")
        else { throw StartError(description: "--webhook-ca: \(webhookCA) is no readable file of PEM certificates") }
        return .pem(text)
    }
}
