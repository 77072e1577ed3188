import ArgumentParser
import FoundationEssentials
import HTTPClient
import OCI
import OpenSSL
import Registry
import Sigstore
import Verification

/// `countersign verify`: one image against one key, without a policy.
struct Verify: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        abstract: "Verify one image against a public key, as cosign verify --key does.",
        discussion: """
            Prints what the signature says (the claims) and exits 0, or says why the image does not verify and exits 1. \
            Reads signatures of cosign 2 (tags) and of cosign 3 (bundles).

            Example:
              countersign verify 127.0.0.1:5000/demo/app:v1 --key cosign.pub
            """
    )

    @Argument(help: "The image, by tag or digest.")
    var image: String

    @Option(help: ArgumentHelp("PEM file of the public key.", valueName: "file"))
    var key: String

    @Option(help: "json: the claims as cosign prints them; table: a line a signature.")
    var output: Output = .json

    @Option(help: ArgumentHelp("How long to try.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(60), description: "60s")

    @OptionGroup(title: "Registries")
    var registry: RegistryOptions

    func run() async throws {
        let reference: ImageReference
        let requirement: Requirement
        do {
            reference = try ImageReference(parsing: image)
            let key = try PublicKey(pem: try Self.read(key))
            requirement = try Requirement(attestorSets: [AttestorSet(entries: [.key(KeyAttestor(key: key))])])
        } catch let error as KeyError {
            throw Failed("--key \(key): \(error)")
        }

        let http = try HTTPClient(registry.client())
        defer { http.close() }
        let verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: try registry.configuration()))
        let deadline = ContinuousClock.now + timeout.value
        do throws(VerificationFailure) {
            let resolved = try await verifier.resolve(reference, pinned: false, deadline: deadline)
            let claims = try await verifier.signatures(of: resolved, meeting: requirement, deadline: deadline).get()
            print(text(claims, of: resolved.digest), terminator: "")
        } catch {
            throw Failed("image verification failed for \(image): \(error)")
        }
    }

    private static func read(_ path: String) throws -> String {
        // Larger than any key; what is larger is another file.
        let maximumKeyBytes = 64 << 10
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failed("--key: \(path) cannot be read")
        }
        guard data.count <= maximumKeyBytes, let text = String(validating: data, as: UTF8.self) else {
            throw Failed("--key: \(path) is no PEM file")
        }
        return text
    }

    private func text(_ claims: [Claims], of digest: Digest) -> String {
        switch output {
        case .json:
            let list = claims.map { String(decoding: $0.json(for: self.image), as: UTF8.self) }
            return "[\(list.joined(separator: ","))]\n"
        case .table:
            var table = Table(["IMAGE", "DIGEST", "FORM", "TYPE"])
            for claim in claims {
                table.add([self.image, "\(digest)", claim.form.rawValue, claim.type])
            }
            return table.text()
        }
    }
}
