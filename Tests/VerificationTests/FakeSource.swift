import OCI
import Synchronization
import Verification

@testable import Registry

/// A registry's content as values, with gates and failures where a test puts them.
final class FakeSource: ImageSource {
    enum Request: Hashable, Sendable {
        case manifest(String)
        case content(Digest)
        case referrers(Digest)
    }

    private struct State {
        var tags: [String: [UInt8]] = [:]
        var manifests: [Digest: [UInt8]] = [:]
        var blobs: [Digest: [UInt8]] = [:]
        var referrers: [String: [Descriptor]] = [:]
        var failures: [Request: RegistryFailure] = [:]
        var gates: [Request: Gate] = [:]
        var requests: [Request] = []
        var limits = RegistryLimits()
    }

    private let state = Mutex(State())

    var requests: [Request] { state.withLock(\.requests) }

    var limits: RegistryLimits {
        get { state.withLock(\.limits) }
        set { state.withLock { $0.limits = newValue } }
    }

    // MARK: Content

    /// - Parameter name: `registry/path:tag`.
    func put(_ manifest: [UInt8], at name: String) {
        let digest = Digest(of: manifest)
        let repository = name.split(separator: ":").dropLast().joined(separator: ":")
        state.withLock { state in
            state.tags[name] = manifest
            state.manifests[digest] = manifest
            state.tags["\(repository)@\(digest)"] = manifest
        }
    }

    func put(_ manifest: [UInt8], in repository: Repository) {
        state.withLock { $0.tags["\(repository)@\(Digest(of: manifest))"] = manifest }
    }

    func put(blob: [UInt8]) { state.withLock { $0.blobs[Digest(of: blob)] = blob } }

    func refer(_ descriptor: Descriptor, to image: Digest, in repository: Repository) {
        state.withLock { $0.referrers["\(repository)@\(image)", default: []].append(descriptor) }
    }

    func fail(_ request: Request, _ failure: RegistryFailure?) { state.withLock { $0.failures[request] = failure } }

    /// A closed gate before the answer to a request.
    func gate(_ request: Request) -> Gate {
        let gate = Gate(open: false)
        state.withLock { $0.gates[request] = gate }
        return gate
    }

    // MARK: ImageSource

    func manifest(
        _ reference: ManifestReference, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> FetchedManifest {
        let name = "\(repository)\(reference.suffix)"
        try await admit(.manifest(name))
        guard let bytes = state.withLock({ $0.tags[name] }) else { throw .notFound(what: name, code: nil) }
        do throws(ManifestError) {
            let manifest = try Manifest(parsing: bytes, contentType: nil)
            return FetchedManifest(bytes: bytes, digest: Digest(of: bytes), contentType: nil, manifest: manifest)
        } catch {
            throw RegistryFailure(error, what: name)
        }
    }

    func content(
        of descriptor: Descriptor, in repository: Repository, limit: Int, setting: String?,
        deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [UInt8] {
        try await admit(.content(descriptor.digest))
        guard descriptor.size <= limit else { throw .tooLarge(what: "a blob", limit: limit, setting: setting) }
        guard let blob = state.withLock({ $0.blobs[descriptor.digest] }) else {
            throw .notFound(what: "a blob", code: nil)
        }
        return blob
    }

    func referrers(
        of image: Digest, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [Descriptor] {
        try await admit(.referrers(image))
        return state.withLock { $0.referrers["\(repository)@\(image)"] ?? [] }
    }

    private func admit(_ request: Request) async throws(RegistryFailure) {
        let (gate, failure) = state.withLock { state in
            state.requests.append(request)
            return (state.gates[request], state.failures[request])
        }
        if let gate { await gate.pass() }
        if let failure { throw failure }
    }
}
