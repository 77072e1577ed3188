import HTTPClient
import JSON
import Processes

/// A program that says who we are, as `aws eks get-token`.
///
/// Source: Kubernetes, "client-go credential plugins"; `client.authentication.k8s.io` v1 and v1beta1.
struct ExecPlugin: Sendable, Hashable {
    static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
    /// Plugins ask identity services over the network, and some of those take their time.
    static let timeout = Duration.seconds(60)
    /// A token and a certificate are a few KiB.
    static let maximumOutput = 256 << 10

    var version: String
    var command: String
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// The cluster as `KUBERNETES_EXEC_INFO` gives it, as JSON; nil where the plugin does not ask for it.
    var cluster: String?
    var installHint = ""

    struct Answer: Sendable, Equatable {
        var token: Secret?
        var certificate: HTTPClient.ClientCertificate?
        /// Seconds since 1970; nil when it holds until the API server says otherwise.
        var expiry: Int?
    }

    typealias Runner =
        @Sendable (ExecPlugin, [String: String]) async -> Result<ChildProcess.Output, ChildProcess.Failure>

    static let run: Runner = { plugin, environment in
        await ChildProcess.run(
            plugin.command, arguments: plugin.arguments, environment: environment, input: [],
            maximumOutput: maximumOutput, timeout: timeout)
    }

    /// - Throws: ``APIFailure/credentials(_:)``. No message repeats what the program wrote.
    func ask(_ run: Runner) async throws(APIFailure) -> Answer {
        var environment = environment
        environment["KUBERNETES_EXEC_INFO"] = request
        switch await run(self, environment) {
        case .failure(let failure):
            let hint = failure == .notFound && !installHint.isEmpty ? ": \(installHint)" : ""
            throw .credentials("\(command) \(failure)\(hint)")
        case .success(let output):
            guard output.status == 0 else { throw .credentials("\(command) failed with status \(output.status)") }
            return try read(output.bytes)
        }
    }

    private var request: String {
        var writer = Writer()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string(version)
        writer.key("kind")
        writer.string("ExecCredential")
        writer.key("spec")
        writer.beginObject()
        if let cluster {
            writer.key("cluster")
            writer.raw(Array(cluster.utf8))
        }
        writer.key("interactive")
        writer.boolean(false)
        writer.endObject()
        writer.endObject()
        return writer.text
    }

    private func read(_ bytes: [UInt8]) throws(APIFailure) -> Answer {
        guard let root = try? Document(bytes, limits: ParseLimits(maximumBytes: Self.maximumOutput)).root,
            root["kind"]?.equals("ExecCredential") == true, let status = root["status"]
        else { throw .credentials("\(command) wrote no ExecCredential") }
        guard root["apiVersion"]?.equals(version) == true else {
            throw .credentials("\(command) answered in another version than \(version)")
        }
        var answer = Answer()
        if let token = status["token"]?.string, !token.isEmpty {
            guard CredentialSource.isToken(token) else { throw .credentials("\(command) wrote what is no token") }
            answer.token = Secret(token)
        }
        let certificate = status["clientCertificateData"]?.string ?? ""
        let key = status["clientKeyData"]?.string ?? ""
        if !certificate.isEmpty, !key.isEmpty {
            answer.certificate = HTTPClient.ClientCertificate(certificatePEM: certificate, privateKeyPEM: key)
        }
        guard certificate.isEmpty == key.isEmpty, answer.token != nil || answer.certificate != nil else {
            throw .credentials("\(command) wrote neither a token nor a certificate with its key")
        }
        if let text = status["expirationTimestamp"]?.string {
            guard let expiry = UnixTime.seconds(rfc3339: text) else {
                throw .credentials("\(command) wrote an expiry that is no time")
            }
            answer.expiry = expiry
        }
        return answer
    }
}
