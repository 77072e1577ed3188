import OpenSSL

/// Makes what a ``CertificateAction`` asks for.
struct CertificateMaker: Sendable {
    let schedule: CertificateSchedule
    let names: ServingNames

    /// Why keys or certificates cannot be made.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the Secret is to say after `action`; nil when nothing is to be done.
    ///
    /// - Parameter now: seconds since 1970.
    func book(after action: CertificateAction, at now: Int) throws(Failure) -> CertificateBook? {
        switch action {
        case .wait: return nil
        case .begin(let keeping, _):
            let authority = try makeAuthority(at: now)
            return try book(under: authority, next: nil, retired: keeping, at: now)
        case .restore(let book, _): return book
        case .reissue(let authority, let next, let retired, _):
            return try book(under: authority, next: next, retired: retired, at: now)
        case .announce(let book, let next, _):
            var book = book
            // An authority that was announced before and never came into use is nobody's.
            book.next = if let next { next } else { try makeAuthority(at: now) }
            return book
        case .promote(let book, let next):
            return try self.book(under: next, next: nil, retired: [book.issuer] + book.retired, at: now)
        case .retire(let book, let over):
            var book = book
            book.retired.removeAll(where: over.contains)
            return book
        }
    }

    private func book(
        under authority: Authority, next: Authority?, retired: [Certificate], at now: Int
    ) throws(Failure) -> CertificateBook {
        CertificateBook(
            pair: try makePair(under: authority, at: now), issuer: authority.certificate, issuerKey: authority.key,
            next: next, retired: retired)
    }

    private func makeAuthority(at now: Int) throws(Failure) -> Authority {
        do {
            let key = try PrivateKey.generate(.ecdsaP256)
            // Authorities that are trusted side by side are told apart by their names, by people and by TLS clients.
            let certificate = try Certificate.authority(
                commonName: "countersign CA \(key.publicKey.fingerprint.hex.prefix(16))", key: key,
                validity: (now - Certificate.backdating)...(now + max(1, schedule.authorityLifetime)))
            return Authority(certificate: certificate, key: key)
        } catch {
            throw Failure(description: "\(error)")
        }
    }

    private func makePair(under authority: Authority, at now: Int) throws(Failure) -> ServingPair {
        do {
            let key = try PrivateKey.generate(.ecdsaP256)
            let end = max(now + 1, schedule.servingEnd(under: authority.certificate, at: now))
            let certificate = try Certificate.server(
                commonName: Installation.name, dnsNames: names.dnsNames, ipAddresses: names.ipAddresses, key: key,
                validity: (now - Certificate.backdating)...end, issuer: authority.certificate,
                issuerKey: authority.key)
            // It would be made again for ever.
            guard names.areCovered(by: certificate) else {
                throw Failure(description: "no certificate can carry the names \(names.dnsNames + names.ipAddresses)")
            }
            return ServingPair(certificate: certificate, key: key)
        } catch {
            throw Failure(description: "\(error)")
        }
    }
}
