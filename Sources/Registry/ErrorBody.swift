import JSON

/// What an answer that says no gives as its reason.
///
/// Source: OCI Distribution 1.1, "Error Codes".
enum ErrorBody {
    /// Longer than any code of the specification.
    private static let maximumCode = 64

    /// The first error's code. The message beside it is the registry's own words: it may repeat what we sent, token
    /// included, so it is not passed on.
    static func code(in body: [UInt8]) -> String? {
        guard let document = try? Document(body, limits: ParseLimits(maximumBytes: RegistryLimits.maximumSmallAnswer)),
            let code = document.root["errors"]?[0]?["code"]?.string, !code.isEmpty, code.utf8.count <= maximumCode,
            code.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { return nil }
        return code
    }
}
