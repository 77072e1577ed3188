import OCI

/// Functions over names that mean something elsewhere: versions, images, addresses, certificates.
///
/// Source: Kyverno's documentation of its functions.
extension Functions {
    static let nameFunctions: [Function] = [
        Function("semver_compare", .string, .string) { call, _ throws(EvaluationError) in
            let (text, wanted) = (try call.string(0), try call.string(1))
            guard let version = SemanticVersion(text) else {
                throw call.invalidValue("\"\(text)\" is no semantic version, such as 1.2.3")
            }
            guard let range = VersionRange(wanted) else {
                throw call.invalidValue("\"\(wanted)\" is no range of versions, such as >=1.2.0 <2.0.0")
            }
            return .boolean(range.contains(version))
        },
        Function("image_normalize", .string) { call, _ throws(EvaluationError) in
            let text = try call.string(0)
            do {
                return .string(try ImageReference(parsing: text).kyvernoName)
            } catch {
                throw call.invalidValue("\(error)")
            }
        },
        Function("is_external_url", .string) { call, _ throws(EvaluationError) in
            let text = try call.string(0)
            guard let host = Address.host(ofURL: text) else {
                throw call.invalidValue("\"\(text)\" is no URL with a host")
            }
            guard host.lowercased() != "localhost" else { return .boolean(false) }
            guard let address = Address(host) else {
                throw call.invalidValue("\(host) is a name, and names are not looked up while a request is decided")
            }
            return .boolean(!address.isLoopback && !address.isPrivate)
        },
        Function("x509_decode", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: X509Decoder.cost * text.utf8.count)
            do throws(X509Problem) {
                return try X509Decoder.decode(pem: text)
            } catch {
                throw call.invalidValue(error.reason)
            }
        },
    ]
}

extension ImageReference {
    /// The normalised name as Kyverno has it, where images of `docker.io` keep their short path: `docker.io/nginx:latest`.
    fileprivate var kyvernoName: String {
        let prefix = "docker.io/library/"
        guard normalized.hasPrefix(prefix), !original.contains("library/") else { return normalized }
        return "docker.io/" + normalized.dropFirst(prefix.count)
    }
}
