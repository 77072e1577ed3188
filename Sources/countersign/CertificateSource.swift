import FoundationEssentials
import Logging
import OpenSSL
import Policy

/// Where the server's certificate comes from: files that are looked at every second, or one made in memory.
struct CertificateSource: Sendable {
    /// The PEM files of the chain and of its key; nil for a self-signed certificate for localhost.
    let files: Files?
    /// Whether the one made in memory serves only until the cluster's is there.
    var isTemporary = false

    struct Files: Sendable {
        let chain: String
        let key: String

        fileprivate var trace: FileTrace { FileTrace(of: [chain, key]) }
    }

    /// Larger than any chain; what is larger is no certificate file.
    private static let maximumFileBytes = 1 << 20
    private static let interval = Duration.seconds(1)
    /// A self-signed certificate ends with the process that made it.
    private static let selfSignedDays = 365

    /// What the files held, and what was made of it.
    struct Loaded: Sendable {
        let context: TLSContext
        fileprivate let content: Content?
        fileprivate let trace: FileTrace
    }

    fileprivate struct Content: Equatable {
        let chain: String
        let key: String
    }

    func load(log: Logger) throws(StartError) -> Loaded {
        do {
            if let files {
                let trace = files.trace
                let content = try Self.read(files)
                return Loaded(context: try Self.context(content), content: content, trace: trace)
            }
            let key = try PrivateKey.generate()
            let certificate = try Certificate.selfSigned(
                commonName: "localhost", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"], key: key,
                days: Self.selfSignedDays)
            if !isTemporary {
                log.notice(
                    "no --tls-cert: using a self-signed certificate for localhost, made for this run and kept in memory",
                    metadata: ["sha256": "\(certificate.fingerprint.hex)"])
            }
            let context = try TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: key.pem)
            return Loaded(context: context, content: nil, trace: FileTrace())
        } catch {
            throw StartError(description: "\(error)")
        }
    }

    /// Calls `handle` with a new context whenever the files have changed, once certificate and key belong together;
    /// returns when the task is cancelled.
    func changes(since loaded: Loaded, _ handle: (Result<TLSContext, StartError>) -> Void) async {
        guard let files, var known = loaded.content else { return }
        var context = loaded.context
        var trace = loaded.trace
        while (try? await Task.sleep(for: Self.interval)) != nil {
            guard trace.mayHaveChanged else { continue }
            trace = files.trace
            // Files that are away for a moment are being replaced: the next look finds them.
            guard let content = try? Self.read(files), content != known else { continue }
            known = content
            do {
                context = try Self.context(content, keepingTicketKeysOf: context)
                handle(.success(context))
            } catch {
                handle(.failure(error))
            }
        }
    }

    private static func context(
        _ content: Content, keepingTicketKeysOf old: TLSContext? = nil
    ) throws(StartError) -> TLSContext {
        do throws(TLSError) {
            return try TLSContext(
                certificateChainPEM: content.chain, privateKeyPEM: content.key, keepingTicketKeysOf: old)
        } catch {
            throw StartError(description: "\(error)")
        }
    }

    private static func read(_ files: Files) throws(StartError) -> Content {
        Content(chain: try read(files.chain), key: try read(files.key))
    }

    private static func read(_ path: String) throws(StartError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StartError(description: "\(path) cannot be read")
        }
        guard data.count <= maximumFileBytes, let text = String(validating: data, as: UTF8.self) else {
            throw StartError(description: "\(path) is no PEM file")
        }
        return text
    }
}
