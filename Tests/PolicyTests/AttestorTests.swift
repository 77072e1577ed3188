import JSON
import OCI
import OpenSSL
import Testing
import Verification

@testable import Policy

@Suite struct AttestorTests {
    private static let keys = TestKeys.pems.map(TestKeys.quoted)
    private static let twoKeys = TestKeys.quoted(TestKeys.pems[0] + "\n# the new one\n" + TestKeys.pems[1])

    private static func key(_ index: Int, _ extra: String = "") -> String {
        #"{"keys":{"publicKeys":\#(keys[index])}\#(extra.isEmpty ? "" : ",")\#(extra)}"#
    }

    private func sets(_ attestors: String, _ extra: String = "") throws -> [AttestorSet] {
        let policy = try policyOf(entry: Sample.entry(attestors: attestors, extra: extra))
        return try #require(policy.rules.first?.entries.first?.requirement.fixed).attestorSets
    }

    private func onlyKey(_ attestors: String, _ extra: String = "") throws -> KeyAttestor {
        let set = try #require(try sets(attestors, extra).first)
        guard case .key(let key)? = set.entries.first else { throw NoKey() }
        return key
    }

    private struct NoKey: Error {}

    /// Attestors, and for each set its count and how many entries it has.
    static let counts: [(attestors: String, expected: [[Int]])] = [
        ("[{\"entries\":[\(key(0))]}]", [[1, 1]]),
        ("[{\"entries\":[\(key(0)),\(key(1)),\(key(2))]}]", [[3, 3]]),
        ("[{\"count\":2,\"entries\":[\(key(0)),\(key(1)),\(key(2))]}]", [[2, 3]]),
        ("[{\"count\":null,\"entries\":[\(key(0)),\(key(1))]}]", [[2, 2]]),
        // Every set must pass.
        ("[{\"entries\":[\(key(0))]},{\"entries\":[\(key(1))]}]", [[1, 1], [1, 1]]),
        // Several keys in one text are several entries; the count is of those that are written.
        ("[{\"entries\":[{\"keys\":{\"publicKeys\":\(twoKeys)}}]}]", [[2, 2]]),
        ("[{\"count\":1,\"entries\":[{\"keys\":{\"publicKeys\":\(twoKeys)}}]}]", [[1, 2]]),
        ("[{\"count\":2,\"entries\":[{\"keys\":{\"publicKeys\":\(twoKeys)}},\(key(2))]}]", [[2, 3]]),
        // A nested set is one entry.
        ("[{\"count\":1,\"entries\":[\(key(0)),{\"attestor\":{\"entries\":[\(key(1)),\(key(2))]}}]}]", [[1, 2]]),
    ]

    @Test(arguments: counts) func count(attestors: String, expected: [[Int]]) throws {
        #expect(try sets(attestors).map { [$0.count, $0.entries.count] } == expected)
    }

    @Test func nestedSets() throws {
        let zero = "{\"attestor\":{\"count\":0,\"entries\":[\(Self.key(1)),\(Self.key(2))]}}"
        let one = "{\"attestor\":{\"count\":1,\"entries\":[\(Self.key(1)),\(Self.key(2))]}}"
        let set = try #require(try sets("[{\"entries\":[\(zero),\(one)]}]").first)
        let nested = set.entries.map { entry in
            if case .set(let nested) = entry { return [nested.count, nested.entries.count] }
            return []
        }
        // No count, or 0, of a nested set means all.
        #expect(nested == [[2, 2], [1, 2]])
    }

    @Test func keysInOrder() throws {
        let set = try #require(
            try sets("[{\"entries\":[{\"keys\":{\"publicKeys\":\(Self.twoKeys)}},\(Self.key(2))]}]").first)
        let fingerprints = set.entries.map { entry in
            if case .key(let key) = entry { return key.key.fingerprint.hex }
            return ""
        }
        #expect(try fingerprints == TestKeys.pems.map { try PublicKey(pem: $0).fingerprint.hex })
    }

    /// `signatureAlgorithm` beside `keys`, inside them, and the hash that counts.
    static let hashes: [(outer: String?, inner: String?, hash: HashAlgorithm?)] = [
        (nil, nil, nil), ("sha256", nil, .sha256), ("sha512", nil, .sha512), (nil, "sha224", .sha224),
        (nil, "sha384", .sha384), ("sha512", "sha256", .sha256),
    ]

    @Test(arguments: hashes) func hash(outer: String?, inner: String?, hash: HashAlgorithm?) throws {
        let inner = inner.map { #","signatureAlgorithm":"\#($0)""# } ?? ""
        let outer = outer.map { #","signatureAlgorithm":"\#($0)""# } ?? ""
        let entry = #"{"keys":{"publicKeys":\#(Self.keys[0])\#(inner)}\#(outer)}"#
        #expect(try onlyKey("[{\"entries\":[\(entry)]}]").hash == hash)
    }

    @Test func whatStandsBesideAnEntryReplacesTheRules() throws {
        let rules = #""annotations":{"team":"blue","env":"prod"},"repository":"ghcr.io/org/rules""#
        let inherited = try onlyKey("[{\"entries\":[\(Self.key(0))]}]", rules)
        #expect(inherited.annotations == ["team": "blue", "env": "prod"])
        #expect(try inherited.repository == Repository(parsing: "ghcr.io/org/rules"))

        let own = Self.key(0, #""annotations":{"team":"red"},"repository":"ghcr.io/org/entries""#)
        let replaced = try onlyKey("[{\"entries\":[\(own)]}]", rules)
        #expect(replaced.annotations == ["team": "red"])
        #expect(try replaced.repository == Repository(parsing: "ghcr.io/org/entries"))

        let nested = #"{"attestor":{"entries":[\#(Self.key(0))]},"annotations":{"team":"green"}}"#
        let set = try #require(try sets("[{\"entries\":[\(nested)]}]", rules).first)
        guard case .set(let inner)? = set.entries.first, case .key(let key)? = inner.entries.first else {
            throw NoKey()
        }
        #expect(key.annotations == ["team": "green"])
        #expect(try key.repository == Repository(parsing: "ghcr.io/org/rules"))

        let empty = try onlyKey("[{\"entries\":[\(Self.key(0, #""annotations":{}"#))]}]", rules)
        #expect(empty.annotations == ["team": "blue", "env": "prod"])
    }

    @Test func theLegacyKey() throws {
        let text =
            #"{"image":"ghcr.io/org/*","key":\#(Self.twoKeys),"annotations":{"a":"b"},"repository":"ghcr.io/x/y"}"#
        let requirement = try #require(try policyOf(entry: text).rules.first?.entries.first?.requirement.fixed)
        let set = try #require(requirement.attestorSets.first)
        #expect(requirement.attestorSets.count == 1)
        #expect([set.count, set.entries.count] == [2, 2])
        guard case .key(let key)? = set.entries.first else { throw NoKey() }
        #expect(key.annotations == ["a": "b"])
        #expect(key.repository?.description == "ghcr.io/x/y")
    }

    @Test func onlyPinning() throws {
        for attestors in ["null", "[]"] {
            let entry = try policyOf(entry: Sample.entry(attestors: attestors, extra: #""required":false"#))
            #expect(entry.rules.first?.entries.first?.requirement.fixed == nil)
        }
    }

    @Test func aKeyThatStandsTwiceIsNoted() throws {
        func notes(_ count: String) throws -> [String] {
            let entry = Sample.entry(attestors: "[{\(count)\"entries\":[\(Self.key(0)),\(Self.key(0))]}]")
            return try load(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]")).notes
        }
        #expect(try notes("").first?.contains("more than once") == true)
        #expect(try notes(#""count":2,"#).count == 1)
        #expect(try notes(#""count":1,"#).isEmpty)
    }

    @Test func logsThatNeedNoProof() throws {
        for extra in [
            #""rekor":{}"#, #""rekor":{"url":"https://rekor.sigstore.dev"}"#,
            #""rekor":{"ignoreTlog":true,"pubkey":"a"}"#, #""ctlog":{"ignoreSCT":true,"pubkey":"a"}"#, #""ctlog":{}"#,
        ] {
            let entry = #"{"keys":{"publicKeys":\#(Self.keys[0]),\#(extra)}}"#
            #expect(try problems(entry: Sample.entry(attestors: "[{\"entries\":[\(entry)]}]")) == [], "\(extra)")
        }
    }

    private static let privateKey = TestKeys.quoted((try? PrivateKey.generate().pem) ?? "")
    private static let deep = (0..<9).reduce(key(0)) { inner, _ in #"{"attestor":{"entries":[\#(inner)]}}"# }

    /// Entries of the first set, and the path below that set and part of the reason of the problem.
    static let refusedEntries: [(entries: String, path: String, says: String)] = [
        ("[]", ".entries", "at least one entry"), ("null", ".entries", "at least one entry"),
        ("[{}]", ".entries[0]", "says nobody"),
        (#"[{"annotations":{"a":"b"}}]"#, ".entries[0]", "says nobody"),
        ("[{\"keys\":{\"publicKeys\":\(keys[0])},\"attestor\":{}}]", ".entries[0]", "says keys and attestor"),
        (#"[{"keyless":{"issuer":"a"}}]"#, ".entries[0].keyless", "keyless"),
        (#"[{"keyless":{}}]"#, ".entries[0].keyless", "keyless"),
        (#"[{"keys":{}}]"#, ".entries[0].keys.publicKeys", "a public key is needed"),
        (#"[{"keys":{"publicKeys":""}}]"#, ".entries[0].keys.publicKeys", "a public key is needed"),
        (#"[{"keys":{"secret":{"name":"a"}}}]"#, ".entries[0].keys.secret.namespace", "missing"),
        (#"[{"keys":{"publicKeys":"a","secret":{"name":"a","namespace":"b"}}}]"#, ".entries[0].keys.secret", "beside"),
        (#"[{"keys":{"kms":"awskms:///a"}}]"#, ".entries[0].keys.kms", "KMS"),
        (#"[{"keys":{"publicKeys":"k8s://name"}}]"#, ".entries[0].keys.publicKeys", "k8s://namespace/name"),
        (#"[{"keys":{"publicKeys":"gcpkms://projects/a"}}]"#, ".entries[0].keys.publicKeys", "KMS"),
        (#"[{"keys":{"publicKeys":"https://a/cosign.pub"}}]"#, ".entries[0].keys.publicKeys", "not fetched"),
        (#"[{"keys":{"publicKeys":"env://KEY"}}]"#, ".entries[0].keys.publicKeys", "not fetched"),
        (#"[{"keys":{"publicKeys":"/etc/cosign.pub"}}]"#, ".entries[0].keys.publicKeys", "PEM text"),
        (#"[{"keys":{"publicKeys":"{{ keys.data a }}"}}]"#, ".entries[0].keys.publicKeys", "no query"),
        ("[{\"keys\":{\"publicKeys\":\(privateKey)}}]", ".entries[0].keys.publicKeys", "private key"),
        (
            #"[{"keys":{"publicKeys":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}}]"#,
            ".entries[0].keys.publicKeys", "key"
        ),
        ("[\(key(0, #""signatureAlgorithm":"sha1""#))]", ".entries[0].signatureAlgorithm", "none of sha224"),
        ("[\(key(0, #""annotations":{"a":1}"#))]", ".entries[0].annotations[a]", "has to be text"),
        ("[\(key(0, #""annotations":{"{{b}}":"a"}"#))]", ".entries[0].annotations", "variables"),
        ("[\(key(0, #""repository":"ghcr.io/a:v1""#))]", ".entries[0].repository", "not a repository"),
        ("[\(key(0, #""repository":"ghcr.io/A B""#))]", ".entries[0].repository", "path"),
        (
            "[{\"keys\":{\"publicKeys\":\(keys[0]),\"rekor\":{\"ignoreTlog\":false}}}]",
            ".entries[0].keys.rekor.ignoreTlog", "transparency log"
        ),
        ("[\(deep)]", String(repeating: ".entries[0].attestor", count: 8), "nested more than 8"),
        ("[{\"attestor\":{\"count\":3,\"entries\":[\(key(0))]}}]", ".entries[0].attestor.count", "cannot be asked for"),
    ]

    @Test(arguments: refusedEntries) func refusesEntry(entries: String, path: String, says: String) throws {
        let problems = try problems(entry: Sample.entry(attestors: #"[{"entries":\#(entries)}]"#))
        let whole = "spec.rules[0].verifyImages[0].attestors[0]" + path
        #expect(problems.contains { $0.path == whole && $0.reason.contains(says) }, "\(problems)")
    }

    @Test(arguments: ["0", "-1", "3"]) func refusesCount(count: String) throws {
        let attestors = "[{\"count\":\(count),\"entries\":[\(Self.key(0)),\(Self.key(1))]}]"
        let problems = try problems(entry: Sample.entry(attestors: attestors))
        #expect(problems.map(\.path) == ["spec.rules[0].verifyImages[0].attestors[0].count"])
    }

    /// Two entries are asked for where one is written that holds two keys.
    @Test func theCountIsOfEntriesAsWritten() throws {
        let attestors = "[{\"count\":2,\"entries\":[{\"keys\":{\"publicKeys\":\(Self.twoKeys)}}]}]"
        #expect(
            try problems(entry: Sample.entry(attestors: attestors)).first?.reason.contains("2 of 1 entries") == true)
    }

    /// An entry, and the path below it and part of the reason of the problem.
    static let refused: [(entry: String, path: String, says: String)] = [
        (#"{"imageReferences":["*"]}"#, "attestors", "nobody is named"),
        (#"{"imageReferences":["*"],"attestors":[],"required":true}"#, "attestors", "nobody is named"),
        ("{\"key\":\(keys[0])}", "imageReferences", "says no images"),
        ("{\"imageReferences\":[],\"key\":\(keys[0])}", "imageReferences", "says no images"),
        ("{\"image\":\"\",\"key\":\(keys[0])}", "imageReferences", "says no images"),
        ("{\"image\":\"a:*\",\"imageReferences\":[\"b:*\"],\"key\":\(keys[0])}", "image", "stands beside"),
        (
            "{\"image\":\"a:*\",\"key\":\(keys[0]),\"attestors\":[{\"entries\":[\(key(1))]}]}", "key", "stands beside"
        ),
        (#"{"image":"a:*","key":"k8s://a/b/c"}"#, "key", "k8s://namespace/name"),
        (#"{"image":"a:*","key":"azurekms://a"}"#, "key", "KMS"),
        ("{\"image\":\"a:*\",\"key\":\(privateKey)}", "key", "private key"),
        (#"{"image":"a:*","roots":"a"}"#, "roots", "keyless"), (#"{"image":"a:*","issuer":"a"}"#, "issuer", "keyless"),
        ("{\"image\":\"a b\",\"key\":\(keys[0])}", "image", "white space"),
        ("{\"imageReferences\":[\"b\",\"https://a/b\"],\"key\":\(keys[0])}", "imageReferences[1]", "scheme"),
        ("{\"imageReferences\":[\"ghcr.io/{{ a }}/*\"],\"key\":\(keys[0])}", "imageReferences[0]", "variables"),
        (
            "{\"image\":\"a:*\",\"skipImageReferences\":[\"\"],\"key\":\(keys[0])}", "skipImageReferences[0]",
            "is empty"
        ),
        ("{\"image\":\"a:*\",\"type\":\"Notary\",\"key\":\(keys[0])}", "type", "Notary"),
        ("{\"image\":\"a:*\",\"type\":\"cosign\",\"key\":\(keys[0])}", "type", "none of Cosign"),
        ("{\"image\":\"a:*\",\"failureAction\":\"Deny\",\"key\":\(keys[0])}", "failureAction", "neither"),
        ("{\"image\":\"a:*\",\"useCache\":false,\"key\":\(keys[0])}", "useCache", "--cache-ttl 0"),
        ("{\"image\":\"a:*\",\"repository\":\"a:b:c\",\"key\":\(keys[0])}", "repository", "is not"),
        (
            "{\"image\":\"a:*\",\"imageRegistryCredentials\":{\"allowInsecureRegistry\":true},\"key\":\(keys[0])}",
            "imageRegistryCredentials.allowInsecureRegistry", "--insecure-registry"
        ),
        (
            #"{"image":"a:*","imageRegistryCredentials":{"providers":["default","amazon"]},"key":\#(keys[0])}"#,
            "imageRegistryCredentials.providers[1]", "--registry-config"
        ),
        (
            #"{"image":"a:*","imageRegistryCredentials":{"secrets":["a","{{ b }}"]},"key":\#(keys[0])}"#,
            "imageRegistryCredentials.secrets[1]", "is no name"
        ),
    ]

    @Test(arguments: refused) func refuses(entry: String, path: String, says: String) throws {
        let problems = try problems(entry: entry)
        let whole = "spec.rules[0].verifyImages[0]." + path
        #expect(problems.contains { $0.path == whole && $0.reason.contains(says) }, "\(problems)")
    }

    @Test func tooManyPatternsAreRefused() throws {
        let patterns = Array(repeating: #""a:*""#, count: EntryDecoder.maximumPatterns + 1).joined(separator: ",")
        let problems = try problems(entry: Sample.entry(images: "[\(patterns)]"))
        #expect(problems.map(\.path) == ["spec.rules[0].verifyImages[0].imageReferences"])
    }

    @Test func aPatternWithoutATagIsNoted() throws {
        let entry = Sample.entry(images: #"["ghcr.io/org/app","ghcr.io/org/other:*"]"#)
        let notes = try load(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]")).notes
        #expect(notes.count == 1)
        #expect(notes.first?.contains("imageReferences[0]: names no tag") == true)
    }
}
