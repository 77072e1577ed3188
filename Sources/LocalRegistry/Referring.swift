import OCI

extension Signer {
    /// What a referring manifest says about the image.
    static func subject(
        _ image: Digest, in repository: String, of registry: LocalRegistry
    ) throws(SigningFailure) -> Descriptor {
        guard let manifest = registry.manifest(image.description, in: repository) else {
            throw .unknownImage(image, repository: repository)
        }
        return manifest.descriptor
    }
}

extension LocalRegistry {
    /// Puts a manifest with a subject as a client does: into the index at the fallback tag as well, when the registry
    /// does not list referrers itself (OCI Distribution 1.1, "Pushing Manifests with Subject").
    ///
    /// The entry's artifact type is the config's media type and there are no annotations, as cosign 2 and 3 write it:
    /// for a bundle that is the empty type, which names no bundle.
    @discardableResult
    func put(referring manifest: ManifestWriter, in repository: String) -> Digest {
        let descriptor = put(manifest: manifest.bytes, mediaType: manifest.mediaType, in: repository)
        guard behaviour.referrers != .served, let subject = manifest.subject else { return descriptor.digest }
        let tag = Signer.tag(subject.digest)
        let present = self.manifest(tag, in: repository).flatMap { try? ImageIndex(parsing: $0.bytes) }
        let entry = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size,
            artifactType: manifest.config.mediaType)
        put(
            manifest: ManifestJSON.index(of: (present?.manifests ?? []) + [entry]), mediaType: MediaType.ociIndex,
            in: repository, tag: tag)
        return descriptor.digest
    }

    /// Lays the cosign 2 signatures (or attestations) of one image beside another, as somebody would who has no key.
    ///
    /// - Returns: false when there are none.
    @discardableResult
    public func copyTaggedSignatures(
        from signed: Digest, to target: Digest, in repository: String, suffix: String = ".sig"
    ) -> Bool {
        guard let signatures = manifest(Signer.tag(signed, suffix: suffix), in: repository) else { return false }
        put(
            manifest: signatures.bytes, mediaType: signatures.mediaType, in: repository,
            tag: Signer.tag(target, suffix: suffix))
        return true
    }

    /// Makes everything that refers to one image refer to another as well, as somebody would who has no key.
    ///
    /// - Returns: how many manifests there were.
    @discardableResult
    public func copyReferrers(from signed: Digest, to target: Digest, in repository: String) throws(SigningFailure)
        -> Int
    {
        let subject = try Signer.subject(target, in: repository, of: self)
        let referrers = referrers(of: signed, in: repository)
        for referrer in referrers {
            guard let stored = manifest(referrer.digest.description, in: repository) else { continue }
            do {
                let manifest = try ImageManifest(parsing: stored.bytes)
                put(
                    referring: ManifestWriter(
                        config: manifest.config, layers: manifest.layers, annotations: manifest.annotations,
                        subject: subject, artifactType: manifest.artifactType),
                    in: repository)
            } catch {
                throw .manifest(error)
            }
        }
        return referrers.count
    }
}
