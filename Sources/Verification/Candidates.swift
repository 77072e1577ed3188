import OCI
import Registry
import Sigstore
import Synchronization

/// Something beside an image that may be a signature of it, or an attestation about it.
enum Candidate: Sendable {
    case layer(SignatureLayer)
    case attestation(AttestationLayer)
    case bundle(Bundle)
}

/// What is looked for beside an image.
enum Purpose: Hashable, Sendable {
    case signatures
    case attestations

    /// What follows the image's digest in the tag under which cosign 2 keeps it.
    var suffix: String {
        switch self {
        case .signatures: ".sig"
        case .attestations: ".att"
        }
    }

    /// What the layers are that hold one each.
    var layerType: String {
        switch self {
        case .signatures: SignatureLayer.mediaType
        case .attestations: AttestationLayer.mediaType
        }
    }

    /// How much of such a layer is read.
    func layerBytes(_ limits: RegistryLimits) -> RegistryLimits.Bound {
        switch self {
        case .signatures: limits.payloadBytes
        case .attestations: limits.bundleBytes
        }
    }
}

/// What looking for candidates comes upon.
enum Found: Sendable {
    case candidate(Candidate)
    /// It should be a signature, and cannot be one.
    case unusable(SignatureFailure)
    /// Something could not be read, so that nobody knows whether a signature is there.
    case failure(VerificationFailure)
}

/// How much is read beside one image in one repository, counted over all its places.
///
/// Source: spec/registry.md, "Bounds"; cosign CVE-2024-29902 and CVE-2024-29903 were about having none.
final class CandidateBudget: Sendable {
    /// Signatures and referring manifests together. An image that is signed on each of its releases' days has a few.
    static let maximumCandidates = 64

    /// The largest bundle that is fetched where a signature is wanted. A signature's bundle has no predicate, and
    /// certificates and log entries make some 10 KB; what is larger is an attestation, and is not even fetched.
    static let maximumBundleBytes = 1024 * 1024

    /// The most that is read in all where attestations are wanted: four as large as they come, or 64 of 1 MiB.
    static let maximumBytes = 64 * 1024 * 1024

    private let taken = Atomic(0)
    private let takenBytes = Atomic(0)

    /// Whether one more may be read.
    func take() -> Bool { taken.wrappingAdd(1, ordering: .relaxed).oldValue < Self.maximumCandidates }

    /// Whether so many bytes more may be read.
    func take(bytes: Int) -> Bool {
        takenBytes.wrappingAdd(min(bytes, Self.maximumBytes), ordering: .relaxed).newValue <= Self.maximumBytes
    }

    static var exceededBytes: VerificationFailure {
        .limitExceeded(what: "bytes of attestations beside the image", limit: maximumBytes)
    }

    static var exceeded: VerificationFailure {
        .limitExceeded(what: "signatures and other referring manifests beside the image", limit: maximumCandidates)
    }
}

/// Where beside an image candidates may lie.
enum Place: Hashable, Sendable {
    /// The tag `sha256-….sig`, or `.att`.
    case tag
    /// What refers to the image: bundles, and cosign 2's signatures in its referrers mode.
    case referrers

    static func all(_ forms: Requirement.Forms) -> [Place] {
        switch forms {
        case .any: [.tag, .referrers]
        case .bundlesOnly: [.referrers]
        }
    }
}

/// Looks for candidates for one image in one place of one repository.
///
/// Source: spec/signatures.md, "cosign 2", "cosign 3" and "Checking, step by step", 2.
struct CandidateSearch: Sendable {
    /// The config type of a signature manifest that refers to its image instead of having a tag (cosign 2, oci-1-1).
    static let signatureConfigType = "application/vnd.dev.cosign.artifact.sig.v1+json"

    /// A hint at what a bundle's statement says, which cosign 3 leaves on manifests.
    static let predicateTypeAnnotation = "dev.sigstore.bundle.predicateType"

    /// How many manifests or payloads of one place are fetched at once: quick for the usual few, and with the bound on
    /// each it bounds memory.
    static let width = 4

    let source: any ImageSource
    let repository: Repository
    let purpose: Purpose
    let place: Place
    let image: Digest
    let forms: Requirement.Forms
    let deadline: ContinuousClock.Instant
    /// Shared with the other places in this repository.
    let budget: CandidateBudget
    let report: @Sendable (Found) -> Void

    /// Reports all there is, and returns then.
    func run() async {
        switch place {
        case .tag: await searchTag()
        case .referrers: await searchReferrers()
        }
    }

    // MARK: The tag

    private func searchTag() async {
        let tag = "sha256-\(image.hex)\(purpose.suffix)"
        guard let manifest = await manifest(.tag(tag)) else { return }
        guard case .image(let signatures) = manifest else {
            report(.unusable(.malformed("tag \(tag) is an index, where layers should be")))
            return
        }
        await searchLayers(of: signatures)
    }

    private func searchLayers(of manifest: ImageManifest) async {
        let layers = manifest.layers.filter { $0.mediaType == purpose.layerType }
        await each(layers) { descriptor in
            guard let content = await content(of: descriptor, limit: purpose.layerBytes(source.limits)) else { return }
            do throws(SignatureFailure) {
                report(.candidate(try candidate(descriptor, content)))
            } catch {
                report(.unusable(error))
            }
        }
    }

    private func candidate(_ descriptor: Descriptor, _ content: [UInt8]) throws(SignatureFailure) -> Candidate {
        switch purpose {
        case .signatures: .layer(try SignatureLayer(descriptor: descriptor, payload: content))
        case .attestations: .attestation(try AttestationLayer(descriptor: descriptor, content: content))
        }
    }

    // MARK: What refers to the image

    private func searchReferrers() async {
        let descriptors: [Descriptor]
        do {
            descriptors = try await source.referrers(of: image, in: repository, deadline: deadline)
        } catch {
            if !error.isMissing { report(.failure(.registry(error))) }
            return
        }
        // The index says what a manifest is, and is often wrong (spec/signatures.md, "Trap"). So it decides only which
        // are read first.
        let ordered = descriptors.enumerated().sorted { a, b in
            (Self.unlikelihood(a.element), a.offset) < (Self.unlikelihood(b.element), b.offset)
        }
        await each(ordered.map(\.element)) { await searchReferrer($0) }
    }

    private static func unlikelihood(_ descriptor: Descriptor) -> Int {
        let type = descriptor.artifactType ?? MediaType.ociEmpty
        if let predicateType = descriptor.annotations[predicateTypeAnnotation] {
            return predicateType == Bundle.signaturePredicateType ? 0 : 2
        }
        if type == signatureConfigType { return 0 }
        return Bundle.isBundle(mediaType: type) || type == MediaType.ociEmpty ? 1 : 3
    }

    private func searchReferrer(_ descriptor: Descriptor) async {
        guard case .image(let manifest) = await manifest(.digest(descriptor.digest)) else { return }
        if Self.isBundle(manifest) {
            await searchBundle(manifest)
        } else if forms == .any, holdsLayers(manifest) {
            await searchLayers(of: manifest)
        }
    }

    /// Whether a manifest that is no bundle's may hold layers as under the tag. Of signatures its config says so; how
    /// attestations would be marked nobody has settled, so their layers do.
    private func holdsLayers(_ manifest: ImageManifest) -> Bool {
        switch purpose {
        case .signatures: manifest.config.mediaType == Self.signatureConfigType
        case .attestations: manifest.layers.contains { $0.mediaType == purpose.layerType }
        }
    }

    private static func isBundle(_ manifest: ImageManifest) -> Bool {
        Bundle.isBundle(mediaType: manifest.artifactType ?? manifest.config.mediaType)
            || manifest.layers.contains { Bundle.isBundle(mediaType: $0.mediaType) }
    }

    private func searchBundle(_ manifest: ImageManifest) async {
        guard manifest.layers.count == 1 else {
            report(.unusable(.unsupported("a bundle's manifest with \(manifest.layers.count) layers instead of one")))
            return
        }
        let layer = manifest.layers[0]
        if purpose == .signatures, layer.size > CandidateBudget.maximumBundleBytes {
            report(.unusable(.unsupported("a bundle of \(layer.size) bytes, which no signature's bundle has")))
            return
        }
        guard let bytes = await content(of: layer, limit: source.limits.bundleBytes) else { return }
        do {
            report(.candidate(.bundle(try Bundle(parsing: bytes))))
        } catch {
            report(.unusable(error))
        }
    }

    // MARK: Reading

    /// - Returns: nil when there is none (a manifest may be gone while an index still lists it), when it is of a kind
    ///   that no signature has, and when it cannot be read, which is reported.
    private func manifest(_ reference: ManifestReference) async -> Manifest? {
        do {
            return try await source.manifest(reference, in: repository, deadline: deadline).manifest
        } catch .notFound, .unsupported {
            return nil
        } catch .malformed(let what, let reason) {
            report(.unusable(.malformed("\(what): \(reason)")))
            return nil
        } catch {
            report(.failure(.registry(error)))
            return nil
        }
    }

    private func content(of descriptor: Descriptor, limit: RegistryLimits.Bound) async -> [UInt8]? {
        if purpose == .attestations, descriptor.size <= limit.value, !budget.take(bytes: descriptor.size) {
            report(.failure(CandidateBudget.exceededBytes))
            return nil
        }
        do {
            return try await source.content(
                of: descriptor, in: repository, limit: limit.value, setting: limit.setting, deadline: deadline)
        } catch {
            // Unlike a manifest, which may never have been there, it is named by a manifest that we have read.
            report(.failure(.registry(error)))
            return nil
        }
    }

    /// Does the work for each item, a few at a time, as far as the budget goes and until the task is cancelled.
    private func each(_ items: [Descriptor], _ work: @escaping @Sendable (Descriptor) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for item in items {
                guard budget.take() else {
                    report(.failure(CandidateBudget.exceeded))
                    break
                }
                if running == Self.width {
                    await group.next()
                    running -= 1
                }
                guard !Task.isCancelled else { break }
                group.addTask { await work(item) }
                running += 1
            }
        }
    }
}
