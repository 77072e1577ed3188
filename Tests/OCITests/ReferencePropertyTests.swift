import Testing

@testable import OCI

/// Laws that hold for every text, tried on texts made from a fixed seed.
@Suite struct ReferencePropertyTests {
    /// SplitMix64: small, and the same numbers on every machine.
    struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }

        mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
        mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
    }

    /// Joins pieces that often, not always, make a reference.
    static func text(_ generator: inout Generator) -> String {
        let pieces = [
            "a", "app", "org", "Org", "0", "latest", "ghcr.io", "localhost", "docker.io", "library", "[::1]", ":5000",
            "/",
            "/", "/", ":", "@", ".", "-", "_", "__", "é", " ", "\u{0}", "sha256:", DigestTests.hex, "sha512:", "%", "?",
            "#",
            "..", "@sha256:" + DigestTests.hex, "index.docker.io/", ":v1", ":443",
        ]
        return (0..<generator.below(9)).map { _ in generator.pick(pieces) }.joined()
    }

    @Test func lawsOfParsedReferences() throws {
        var generator = Generator(state: 1)
        var parsed = 0
        for _ in 0..<20_000 {
            let text = Self.text(&generator)
            guard let reference = try? ImageReference(parsing: text) else { continue }
            parsed += 1

            // What was normalised stays so, and names the same thing.
            let again = try ImageReference(parsing: reference.normalized)
            #expect(again.normalized == reference.normalized)
            #expect(again.repository == reference.repository)
            #expect(again.digest == reference.digest)
            #expect(try Repository(parsing: reference.repository.description) == reference.repository)

            // Pinning changes the digest and nothing else.
            let digest = Digest(of: Array(text.utf8))
            let pinned = try ImageReference(parsing: reference.pinned(to: digest))
            #expect(pinned.digest == digest)
            #expect(pinned.repository == reference.repository)
            #expect(pinned.tag == reference.tag)
            #expect(pinned.pinned(to: digest) == pinned.original)

            // Every form is a plain ASCII word, begins with one of the repository's, and every repository has one.
            #expect(reference.matchForms.contains(reference.normalized))
            for form in reference.matchForms {
                #expect(form.utf8.allSatisfy { (0x21...0x7e).contains($0) })
                #expect(reference.repositoryForms.contains { form.hasPrefix($0 + ":") || form.hasPrefix($0 + "@") })
            }
            // A pinned image is still seen by each rule that saw its tag.
            if reference.digest == nil {
                #expect(Set(reference.matchForms).isSubset(of: Set(pinned.matchForms)))
            }
        }
        #expect(parsed > 1_000)
    }

    @Test func randomBytesNeverTrap() {
        var generator = Generator(state: 2)
        for _ in 0..<20_000 {
            let bytes = (0..<generator.below(40)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? ImageReference(parsing: text)
            _ = try? Digest(parsing: text)
            _ = try? Manifest(parsing: bytes, contentType: text)
        }
    }
}
