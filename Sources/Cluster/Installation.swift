/// What this installation is called in the cluster, as deploy/ has it.
public struct Installation: Sendable, Hashable {
    /// Our own namespace: the Lease, the CA's Secret and the Service are there, and no webhook looks at it.
    public var namespace: String
    public var service: String
    /// The Secret that holds the CA and the serving certificate.
    public var caSecret: String
    /// Where the API server finds us instead of at the service, as `https://127.0.0.1:8443`; nil for the service.
    public var webhookURL: String?

    public static let standardName = "countersign"
    public static let standardCASecret = "countersign-tls"

    /// Who we are to the API server: the field manager, and the name of the Lease and the webhook configurations.
    public static let name = "countersign"
    /// What everything that the server itself makes is labelled with.
    public static let managedByLabel = (key: "app.kubernetes.io/managed-by", value: "countersign")

    public init(
        namespace: String = standardName, service: String = standardName, caSecret: String = standardCASecret,
        webhookURL: String? = nil
    ) {
        self.namespace = namespace
        self.service = service
        self.caSecret = caSecret
        self.webhookURL = webhookURL
    }
}
