import HTTPClient
import OCI

extension RegistryClient {
    /// Lists what refers to `subject`: signatures, bundles, SBOMs, whatever there is.
    ///
    /// The entries are hints. They are never filtered by `artifactType`, which some registries and clients fill with
    /// another type than the manifest's own.
    ///
    /// - Throws: ``RegistryFailure``; nothing refers to `subject` is no failure.
    public func referrers(
        of subject: Digest, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [Descriptor] {
        let what = "the referrers of \(repository)@\(subject)"
        let first = "/v2/\(repository.path)/referrers/\(subject)"
        var path = first
        var referrers: [Descriptor] = []
        for page in 1... {
            // (1) A page, or the news that the registry has no such list.
            guard page <= limits.referrerPages.value else {
                throw .tooLarge(
                    what: "the number of pages of \(what)", limit: limits.referrerPages.value,
                    setting: limits.referrerPages.setting)
            }
            let response = try await session.get(
                RegistryRequest(
                    repository: repository, path: path, what: what, accept: [MediaType.ociIndex],
                    maximumBytes: limits.manifestBytes.value, limit: limits.manifestBytes, deadline: deadline),
                with: keychain)
            guard let index = try Self.index(in: response, isFirst: page == 1, repository: repository, what: what)
            else {
                return try await fallback(of: subject, in: repository, deadline: deadline)
            }

            // (2) Its entries, within the bound of one index over all pages.
            referrers += index.manifests
            guard referrers.count <= ImageIndex.maximumManifests else {
                throw .tooLarge(what: "the number of \(what)", limit: ImageIndex.maximumManifests, setting: nil)
            }

            // (3) The next page, at the same place.
            switch PageLink.next(in: response.all("link"), origin: response.origin, path: first) {
            case .none: return referrers
            case .path(let next): path = next
            case .refused: throw .malformed(what: what, reason: "the next page is not at the same place")
            }
        }
        return referrers
    }

    /// The index in a page; nil when the registry does not know the referrers API.
    private static func index(
        in response: RegistryResponse, isFirst: Bool, repository: Repository, what: String
    ) throws(RegistryFailure) -> ImageIndex? {
        // Registries without it answer with these (spec/signatures.md, "Finding it").
        if isFirst && [400, 404, 406].contains(response.status) { return nil }
        try response.expectSuccess(host: repository.registry, what: what)
        let contentType = response.first("content-type")
        do throws(ManifestError) {
            return try ImageIndex(parsing: response.body, contentType: contentType)
        } catch .malformed(let reason) {
            // What claims to be an index and is none is an error; anything else is another page at that address.
            let isClaimed = contentType.map(MediaType.essence) == MediaType.ociIndex
            guard isFirst, !isClaimed else { throw RegistryFailure(.malformed(reason), what: what) }
            return nil
        } catch {
            throw RegistryFailure(error, what: what)
        }
    }

    /// The list that clients keep by themselves, where the registry keeps none.
    ///
    /// Source: OCI Distribution 1.1, "Referrers Tag Schema".
    private func fallback(
        of subject: Digest, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [Descriptor] {
        let tag = "sha256-" + subject.hex
        do throws(RegistryFailure) {
            let fetched = try await manifest(.tag(tag), in: repository, deadline: deadline)
            guard case .index(let index) = fetched.manifest else {
                throw .malformed(what: "\(repository):\(tag)", reason: "it lists referrers, and is not an index")
            }
            return index.manifests
        } catch {
            if error.isMissing { return [] }
            throw error
        }
    }
}
