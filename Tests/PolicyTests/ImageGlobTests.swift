import OCI
import Testing

@testable import Policy

@Suite struct ImageGlobTests {
    static let covered: [(pattern: String, image: String, covers: Bool)] = [
        // A registry given, and not.
        ("ghcr.io/org/app:v1", "ghcr.io/org/app:v1", true),
        ("ghcr.io/org/app:v1", "ghcr.io/org/app:v2", false),
        ("ghcr.io/org/*", "ghcr.io/org/a/b/c:v1", true),
        ("ghcr.io/org/*", "ghcr.io/other/app:v1", false),
        ("ghcr.io/org/*", "evil.io/ghcr.io/org/app:v1", false),
        ("*", "nginx", true),
        ("*/app:*", "ghcr.io/org/app:v1", true),
        ("*/app:*", "app", true),
        ("org/app:*", "org/app:v1", true),
        ("org/app:*", "docker.io/org/app:v1", true),
        ("org/app:*", "ghcr.io/org/app:v1", false),
        // Docker's short names, either way.
        ("nginx:*", "nginx", true),
        ("nginx:*", "docker.io/library/nginx:1.25", true),
        ("docker.io/nginx:*", "nginx:1.25", true),
        ("docker.io/library/nginx:*", "nginx:1.25", true),
        ("docker.io/library/nginx:*", "docker.io/nginx:1.25", true),
        ("library/nginx:*", "nginx:1.25", true),
        ("index.docker.io/library/nginx:*", "nginx", true),
        ("docker.io/*", "nginx", true),
        ("docker.io/*", "org/app:v1", true),
        ("docker.io/*", "ghcr.io/org/app:v1", false),
        ("ngin*", "nginx", true),
        ("localhost/app:*", "localhost/app:v1", true),
        ("localhost:5000/app:*", "localhost:5000/app", true),
        ("127.0.0.1:5000/demo/app:*", "127.0.0.1:5000/demo/app:signed", true),
        ("ghcr.io:443/org/app:*", "ghcr.io/org/app:v1", true),
        ("ghcr.io/org/app:*", "ghcr.io:443/org/app:v1", true),
        ("ghcr.io/org/app:*", "GHCR.io/org/app:v1", true),
        ("GHCR.io/org/app:*", "ghcr.io/org/app:v1", true),
        ("registry-1.docker.io/library/nginx:*", "nginx", true),
        ("Ghcr.io:443/org/*", "ghcr.io/org/app@\(someDigest)", true),
        // No tag in the pattern means latest, as in a reference; wildcards do not.
        ("ghcr.io/org/app", "ghcr.io/org/app", true),
        ("ghcr.io/org/app", "ghcr.io/org/app:latest", true),
        ("ghcr.io/org/app", "ghcr.io/org/app:v1", false),
        ("nginx", "docker.io/library/nginx:latest", true),
        ("ghcr.io/org/app*", "ghcr.io/org/app:v1", true),
        ("ghcr.io/org/app*", "ghcr.io/org/apple:v1", true),
        // Pinning an image does not slip it past the rule.
        ("ghcr.io/org/app:*", "ghcr.io/org/app:v1@\(someDigest)", true),
        ("ghcr.io/org/app:v1", "ghcr.io/org/app:v1@\(someDigest)", true),
        ("ghcr.io/org/app:v2", "ghcr.io/org/app:v1@\(someDigest)", false),
        ("ghcr.io/org/app:*", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/app:?*", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/*:*", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/*", "ghcr.io/org/app@\(someDigest)", true),
        ("nginx:*", "nginx@\(someDigest)", true),
        ("docker.io/nginx:*", "docker.io/library/nginx@\(someDigest)", true),
        ("ghcr.io/org/app:v*", "ghcr.io/org/app@\(someDigest)", false),
        ("ghcr.io/org/app@\(someDigest)", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/app@\(someDigest)", "ghcr.io/org/app:v1@\(someDigest)", true),
        ("ghcr.io/org/app@\(someDigest)", "ghcr.io/org/app@\(otherDigest)", false),
        ("ghcr.io/org/app@*", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/app@*", "ghcr.io/org/app:v1", false),
    ]

    @Test(arguments: covered) func covers(pattern: String, image: String, covers: Bool) throws {
        #expect(ImageGlob(pattern).covers(try reference(image)) == covers, "\(pattern) on \(image)")
    }

    static let excused: [(pattern: String, image: String, excuses: Bool)] = [
        ("ghcr.io/org/app:debug", "ghcr.io/org/app:debug", true),
        ("ghcr.io/org/app:debug", "ghcr.io/org/app:v1", false),
        // The tag beside a digest proves nothing: an excused tag does not excuse whatever digest is written beside it.
        ("ghcr.io/org/app:debug", "ghcr.io/org/app:debug@\(someDigest)", false),
        ("ghcr.io/org/app:d*", "ghcr.io/org/app:debug@\(someDigest)", false),
        ("ghcr.io/org/app:d*", "ghcr.io/org/app@\(someDigest)", false),
        ("ghcr.io/org/app:*", "ghcr.io/org/app:debug@\(someDigest)", true),
        ("ghcr.io/org/app:*", "ghcr.io/org/app@\(someDigest)", true),
        ("ghcr.io/org/*", "ghcr.io/org/app:debug@\(someDigest)", true),
        ("ghcr.io/org/app@\(someDigest)", "ghcr.io/org/app:debug@\(someDigest)", true),
        ("ghcr.io/org/app@\(someDigest)", "ghcr.io/org/app:debug@\(otherDigest)", false),
        ("nginx:*", "docker.io/library/nginx@\(someDigest)", true),
    ]

    @Test(arguments: excused) func excuses(pattern: String, image: String, excuses: Bool) throws {
        #expect(ImageGlob(pattern).excuses(try reference(image)) == excuses, "\(pattern) on \(image)")
    }

    @Test func impliedLatest() {
        #expect(ImageGlob("ghcr.io/org/app").impliesLatest)
        #expect(ImageGlob("nginx").impliesLatest)
        #expect(!ImageGlob("ghcr.io/org/app:*").impliesLatest)
        #expect(!ImageGlob("*").impliesLatest)
        #expect(!ImageGlob("ghcr.io/org/*").impliesLatest)
        #expect(!ImageGlob("ghcr.io/org/app@\(someDigest)").impliesLatest)
    }

    @Test func selection() throws {
        let entry = ImageEntry(
            imageReferences: [ImageGlob("ghcr.io/org/*"), ImageGlob("nginx:*")],
            skipImageReferences: [ImageGlob("ghcr.io/org/debug:*")], requirement: .none, required: false)
        #expect(entry.selection(of: try reference("ghcr.io/org/app:v1")) == .matches)
        #expect(entry.selection(of: try reference("nginx")) == .matches)
        #expect(entry.selection(of: try reference("ghcr.io/org/debug:v1")) == .skipped)
        #expect(entry.selection(of: try reference("quay.io/org/app:v1")) == .no)
    }
}
