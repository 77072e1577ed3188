import Testing

@testable import OCI

/// Names, as container runtimes read them.
@Suite struct ImageReferenceTests {
    static let hex = DigestTests.hex
    static let digest = "sha256:" + hex

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let registry: String
        let path: String
        let tag: String?
        var digest: Bool = false
        var testDescription: String { text }
    }

    static let wellFormed: [Case] = [
        Case(text: "nginx", registry: "docker.io", path: "library/nginx", tag: "latest"),
        Case(text: "nginx:1.27", registry: "docker.io", path: "library/nginx", tag: "1.27"),
        Case(text: "org/app", registry: "docker.io", path: "org/app", tag: "latest"),
        Case(text: "docker.io/nginx", registry: "docker.io", path: "library/nginx", tag: "latest"),
        Case(text: "docker.io/library/nginx", registry: "docker.io", path: "library/nginx", tag: "latest"),
        Case(text: "index.docker.io/nginx", registry: "docker.io", path: "library/nginx", tag: "latest"),
        Case(text: "Docker.IO/nginx", registry: "docker.io", path: "library/nginx", tag: "latest"),
        Case(text: "ghcr.io/org/app:v1", registry: "ghcr.io", path: "org/app", tag: "v1"),
        Case(text: "ghcr.io/app", registry: "ghcr.io", path: "app", tag: "latest"),
        Case(text: "ghcr.io", registry: "docker.io", path: "library/ghcr.io", tag: "latest"),
        Case(text: "ghcr.io:v1", registry: "docker.io", path: "library/ghcr.io", tag: "v1"),
        Case(text: "GHCR.io/org/app", registry: "ghcr.io", path: "org/app", tag: "latest"),
        Case(text: "localhost/app", registry: "localhost", path: "app", tag: "latest"),
        Case(text: "localhost:5000", registry: "docker.io", path: "library/localhost", tag: "5000"),
        Case(text: "localhost:5000/app:v1", registry: "localhost:5000", path: "app", tag: "v1"),
        Case(text: "localhosts/app", registry: "docker.io", path: "localhosts/app", tag: "latest"),
        Case(text: "Mirror/app", registry: "Mirror", path: "app", tag: "latest"),
        Case(text: "host:05000/app", registry: "host:5000", path: "app", tag: "latest"),
        Case(text: "127.0.0.1:5000/demo/app:v1", registry: "127.0.0.1:5000", path: "demo/app", tag: "v1"),
        Case(text: "[::1]:5000/app", registry: "[::1]:5000", path: "app", tag: "latest"),
        Case(text: "[::1]/app:v1", registry: "[::1]", path: "app", tag: "v1"),
        Case(text: "[2001:DB8::2]/app", registry: "[2001:db8::2]", path: "app", tag: "latest"),
        Case(text: "[1:2:3:4:5:6:7:8]:443/app", registry: "[1:2:3:4:5:6:7:8]:443", path: "app", tag: "latest"),
        Case(text: "a/b_c/d__e/f.g/h---i", registry: "docker.io", path: "a/b_c/d__e/f.g/h---i", tag: "latest"),
        Case(text: "app:_", registry: "docker.io", path: "library/app", tag: "_"),
        Case(text: "app:A.b-C_9", registry: "docker.io", path: "library/app", tag: "A.b-C_9"),
        Case(text: "xn--bcher-kva.example/app", registry: "xn--bcher-kva.example", path: "app", tag: "latest"),
        Case(text: "app@" + digest, registry: "docker.io", path: "library/app", tag: nil, digest: true),
        Case(text: "ghcr.io/o/app:v1@" + digest, registry: "ghcr.io", path: "o/app", tag: "v1", digest: true),
        Case(
            text: "app:" + String(repeating: "t", count: 128), registry: "docker.io", path: "library/app",
            tag: String(repeating: "t", count: 128)),
        Case(
            text: "ghcr.io/" + String(repeating: "p", count: 255), registry: "ghcr.io",
            path: String(repeating: "p", count: 255), tag: "latest"),
        Case(
            text: String(repeating: "a", count: 63), registry: "docker.io",
            path: "library/" + String(repeating: "a", count: 63), tag: "latest"),
        Case(text: "sha256/app", registry: "docker.io", path: "sha256/app", tag: "latest"),
    ]

    @Test(arguments: wellFormed)
    func parses(expected: Case) throws {
        let reference = try ImageReference(parsing: expected.text)
        #expect(reference.repository.registry == expected.registry)
        #expect(reference.repository.path == expected.path)
        #expect(reference.tag == expected.tag)
        #expect(reference.digest?.description == (expected.digest ? Self.digest : nil))
        #expect(reference.original == expected.text)
        #expect(reference.description == expected.text)
    }

    static let ofPath: [String] = [
        " nginx", "nginx ", "nginx\n", "ngi nx", "/nginx", "nginx/", "a//b", "ghcr.io/", "ghcr.io//app", "_a", "a_",
        "a___b",
        "a..b", "a._b", "-a", "a-", "a-_b", "ghcr.io/org:v1/app", "é", ".", "..", "a/../b", "a/./b", "[]/app",
        "a\u{0}b",
        "a%2fb", "a?b", "a#b", "a\\b",
    ]
    static let ofTag: [String] = [
        "nginx:", "nginx:-a", "nginx:.a", "nginx:a b", "nginx:a:b", "nginx:ä",
        "nginx:\(String(repeating: "t", count: 129))",
    ]
    static let ofHost: [String] = [
        "-a.io/app", "a-.io/app", "a..io/app", ".io/app", "a.io./app", "a_b.io/app", "bücher.example/app", ":5000/app",
        "[1:2:3]/app", "[:::]/app", "[1::2::3]/app", "[1:2:3:4:5:6:7:8:9]/app", "[12345::]/app", "[::g]/app",
        "[::1]x:5/app",
        "[fe80::1%eth0]/app", "[:1]/app", "\(String(repeating: "a.", count: 130))io/app",
    ]
    static let ofPort: [String] = [
        "https://ghcr.io/org/app", "a.io:/app", "a.io:x/app", "a.io:0/app", "a.io:65536/app", "a.io:123456/app",
        "a.io:5:5/app", "[::1/app", "[::1]:/app",
    ]
    static let ofDigest: [(String, DigestError)] = [
        ("user@ghcr.io/app", .malformed("ghcr.io/app")),
        ("a@", .malformed("")),
        ("a@sha256:", .malformed("sha256:")),
        ("a@sha512:\(hex)", .unsupportedAlgorithm("sha512")),
        ("a@\(digest)@\(digest)", .malformed("\(digest)@\(digest)")),
        ("a@\(digest):v1", .malformed("\(digest):v1")),
    ]
    static let ofLength: [(String, ReferenceError.Problem)] = [
        ("", .empty),
        ("ghcr.io/\(String(repeating: "p", count: 256))", .pathTooLong),
        (String(repeating: "p", count: 250), .pathTooLong),
        (String(repeating: "p", count: 800), .tooLong),
    ]

    static let refused: [(String, ReferenceError.Problem)] =
        ofPath.map { ($0, .path) } + ofTag.map { ($0, .tag) } + ofHost.map { ($0, .host) } + ofPort.map { ($0, .port) }
        + ofDigest.map { ($0.0, .digest($0.1)) } + ofLength
        + ["Nginx", "ghcr.io/Org/app", "ghcr.io/org/App:v1"].map { ($0, .upperCasePath) }
        + [hex, digest, "sha256:abcd", "sha256:"].map { ($0, .imageID) }

    @Test(arguments: refused)
    func refuses(text: String, problem: ReferenceError.Problem) {
        do {
            let reference = try ImageReference(parsing: text)
            Issue.record("'\(text)' was read as \(reference.normalized)")
        } catch {
            #expect(error.problem == problem)
            #expect(error.description.utf8.count < 1_000)
        }
    }

    @Test func messages() {
        #expect(throws: ReferenceError("Org/App", .upperCasePath)) { try Repository(parsing: "Org/App") }
        let message = ReferenceError("ghcr.io/Org/app", .upperCasePath).description
        #expect(message == "'ghcr.io/Org/app' is not an image reference: the repository's path must be lower case")
        let digest = ReferenceError("a@sha512:0", .digest(.unsupportedAlgorithm("sha512"))).description
        #expect(digest.hasSuffix("digest algorithm 'sha512' is not supported, only sha256 is"))
    }

    @Test func repositories() throws {
        let repository = try Repository(parsing: "localhost:5000/signatures")
        #expect(repository.registry == "localhost:5000" && repository.path == "signatures")
        for text in ["app:v1", "app@" + Self.digest, "app:v1@" + Self.digest] {
            #expect(throws: ReferenceError(text, .notARepository)) { try Repository(parsing: text) }
        }
    }

    static let forms: [(String, [String])] = [
        ("nginx", ["docker.io/library/nginx:latest", "docker.io/nginx:latest"]),
        ("docker.io/library/nginx:1", ["docker.io/library/nginx:1", "docker.io/nginx:1"]),
        ("docker.io/org/app:1", ["docker.io/org/app:1"]),
        ("docker.io/library/a/b", ["docker.io/library/a/b:latest"]),
        ("ghcr.io/library/app:1", ["ghcr.io/library/app:1"]),
        ("ghcr.io/org/app@\(digest)", ["ghcr.io/org/app@\(digest)"]),
        ("ghcr.io/org/app:v1@\(digest)", ["ghcr.io/org/app@\(digest)", "ghcr.io/org/app:v1"]),
        ("GHCR.io/org/app:v1", ["ghcr.io/org/app:v1", "GHCR.io/org/app:v1"]),
        ("ghcr.io:443/org/app:v1", ["ghcr.io:443/org/app:v1", "ghcr.io/org/app:v1"]),
        ("ghcr.io:0443/o/a:1", ["ghcr.io:443/o/a:1", "ghcr.io:0443/o/a:1", "ghcr.io/o/a:1"]),
        ("registry-1.docker.io/org/app:1", ["registry-1.docker.io/org/app:1", "docker.io/org/app:1"]),
        ("index.docker.io/org/app:1", ["docker.io/org/app:1", "index.docker.io/org/app:1"]),
        (
            "registry-1.docker.io/library/nginx",
            ["registry-1.docker.io/library/nginx:latest", "docker.io/library/nginx:latest", "docker.io/nginx:latest"]
        ),
    ]

    @Test(arguments: forms)
    func matchForms(text: String, forms: [String]) throws {
        #expect(try ImageReference(parsing: text).matchForms == forms)
    }

    @Test func repositoryFormsHaveNeitherTagNorDigest() throws {
        let reference = try ImageReference(parsing: "nginx@" + Self.digest)
        #expect(reference.repositoryForms == ["docker.io/library/nginx", "docker.io/nginx"])
    }

    @Test(arguments: [
        ("nginx", "nginx:latest@"), ("nginx:1", "nginx:1@"), ("ghcr.io/org/app:v1", "ghcr.io/org/app:v1@"),
        ("localhost:5000/app", "localhost:5000/app:latest@"), ("GHCR.io/a:v1@" + digest, "GHCR.io/a:v1@"),
        ("ghcr.io/a@" + digest, "ghcr.io/a@"),
    ])
    func pinning(text: String, prefix: String) throws {
        let other = Digest(of: [1, 2, 3])
        #expect(try ImageReference(parsing: text).pinned(to: other) == prefix + other.description)
    }
}
