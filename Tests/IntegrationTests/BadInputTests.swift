import Foundation
import Testing

@testable import TestSupport

/// What a stranger, a broken client or a broken policy brings: a clear answer each, and a gate that goes on.
@Suite(.needsParts) struct BadInputTests {
    /// A body that is no review, and the status that says so.
    private static let bodies: [(name: String, body: @Sendable () throws -> [UInt8], status: Int)] = [
        ("empty", { [] }, 400),
        ("not JSON", { Array("hello".utf8) }, 400),
        ("cut short", { Array(try Review("a:1").bytes().dropLast(40)) }, 400),
        ("trailing bytes", { try Review("a:1").bytes() + Array("{}".utf8) }, 400),
        ("no request", { Array(#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#.utf8) }, 400),
        (
            "v1beta1",
            {
                Array(
                    String(decoding: try Review("a:1").bytes(), as: UTF8.self)
                        .replacing("admission.k8s.io/v1", with: "admission.k8s.io/v1beta1").utf8)
            }, 400
        ),
        (
            "two images in one container",
            {
                Array(
                    String(decoding: try Review("a:1").bytes(), as: UTF8.self)
                        .replacing(#""image":"a:1""#, with: #""image":"a:1","im\u0061ge":"b:2""#).utf8)
            }, 400
        ),
        ("200 deep", { Array((String(repeating: "[", count: 200) + String(repeating: "]", count: 200)).utf8) }, 400),
        ("9 MiB", { [UInt8](repeating: UInt8(ascii: " "), count: 9 << 20) }, 413),
    ]

    @Test(arguments: bodies.indices)
    func aBodyThatIsNoReviewIsRefused(index: Int) async throws {
        let (name, body, status) = Self.bodies[index]
        let gate = try await Gates.tour()
        let answer = try await gate.post(try body())
        #expect(answer.status == status, "\(name): \(answer.status) \(answer.text)")
        #expect(!answer.text.isEmpty, "\(name)")
        try await Self.expectGoesOn(gate)
    }

    @Test(arguments: [
        ("GET", "/mutate", 405), ("PUT", "/mutate", 405), ("POST", "/", 404), ("POST", "/mutated", 404),
        ("POST", "/livez", 405), ("DELETE", "/metrics", 405), ("GET", "/../etc/passwd", 404),
    ])
    func aWrongDoorIsNamed(method: String, path: String, status: Int) async throws {
        let gate = try await Gates.tour()
        let answer = try await gate.send(method, path, body: method == "GET" ? nil : Array("{}".utf8))
        #expect(answer.status == status, "\(answer.status) \(answer.text)")
        try await Self.expectGoesOn(gate)
    }

    @Test func plainHTTPIsNotAnswered() async throws {
        let gate = try await Gates.tour()
        let curl = Curl(folder: try TemporaryFolder("plain"))
        let answer = try await curl.send("GET", "http://127.0.0.1:\(gate.port)/livez")
        #expect(answer.status != 200)
        try await Self.expectGoesOn(gate)
    }

    /// A client that says hello in TLS and then nothing more is sent away after the handshake's deadline.
    @Test func anUnfinishedHandshakeIsCutOff() async throws {
        let gate = try await Gates.tour()
        let folder = try TemporaryFolder("handshake")
        let client = try Child(
            "/bin/bash", ["-c", #"exec 3<>/dev/tcp/127.0.0.1/$0; printf '\x16\x03\x01' >&3; cat <&3"#, "\(gate.port)"],
            in: folder)
        try await Self.expectGoesOn(gate)
        #expect(await client.end(within: .seconds(90)) != nil, "the connection is still open")
    }

    /// The deadline for a request's head is absolute: a byte a second does not move it.
    @Test func aDribbledHeaderIsCutOff() async throws {
        let gate = try await Gates.tour()
        let folder = try TemporaryFolder("dribble")
        let script = #"""
            { printf 'POST /mutate HTTP/1.1\r\nHost: x\r\nX-Dribble: '
              for i in $(seq 300); do printf x || exit; sleep 1; done
            } | timeout 120 "$0" s_client -quiet -connect "127.0.0.1:$1"
            """#
        let client = try Child("/bin/bash", ["-c", script, Parts.openssl, "\(gate.port)"], in: folder)
        try await Self.expectGoesOn(gate)
        let status = await client.end(within: .seconds(90))
        #expect(status != nil, "the connection is still open")
    }

    @Test func aCertificateWithoutItsKeyStopsTheStart() async throws {
        let folder = try TemporaryFolder("no-key")
        let result = try await Command.run(
            Parts.countersign,
            [
                "serve", "--listen", "127.0.0.1:\(try FreePort.find())", "--policies", folder.path, "--tls-cert",
                folder.path + "/tls.crt",
            ], in: folder, limit: .seconds(20))
        #expect(result.status != 0)
        #expect(result.errors.contains("--tls-key"), "\(result)")
    }

    @Test func aPrivateKeyInAPolicyStopsTheStart() async throws {
        let folder = try TemporaryFolder("pasted")
        let key = try await Command.succeed(
            Parts.openssl, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], in: folder)
        let result = try await Gate.refusal(policies: ["pasted.yaml": Policies.legacy("x.example/*", key: key)])
        #expect(result.status != 0)
        #expect(result.errors.contains("private key"), "\(result)")
        #expect(result.errors.contains("pasted.yaml"), "\(result)")
        #expect(result.errors.contains("spec.rules[0].verifyImages[0].key"), "\(result)")
        #expect(!result.errors.contains(key.split(separator: "\n")[1]), "the key itself is printed")
    }

    @Test func aFieldThatIsNotHonouredStopsTheStart() async throws {
        let policy = Policies.legacy("x.example/*", key: try await World.shared().key.publicPEM)
            .replacing(
                "      match:\n",
                with: "      celPreconditions: [{name: a, expression: \"true\"}]\n      match:\n")
        let result = try await Gate.refusal(policies: ["unknown.yaml": policy])
        #expect(result.status != 0)
        #expect(result.errors.contains("spec.rules[0].celPreconditions"), "\(result)")
    }

    /// Nothing listens where the policy's images live: `required` and the failure policy decide.
    @Test(arguments: [
        (required: true, failurePolicy: "Fail", isAllowed: false),
        (required: true, failurePolicy: "Ignore", isAllowed: false),
        (required: false, failurePolicy: "Fail", isAllowed: false),
        (required: false, failurePolicy: "Ignore", isAllowed: true),
    ])
    func aRegistryThatIsDown(required: Bool, failurePolicy: String, isAllowed: Bool) async throws {
        let world = try await World.shared()
        let dead = "127.0.0.1:\(try FreePort.find())"
        let gate = try await Gate.start(policies: [
            "down.yaml": Policies.modern(
                "\(dead)/*", key: world.key.publicPEM, name: "down", required: required, failurePolicy: failurePolicy)
        ])
        let answer = try await gate.review(Review("\(dead)/demo/app:v1"))
        #expect(answer.allowed == isAllowed, "\(answer)")
        if isAllowed {
            #expect(!answer.warnings.isEmpty, "an image that nobody could check passes with a warning")
            #expect(answer.patch.isEmpty)
        } else {
            #expect(answer.message.contains(dead), "\(answer)")
            #expect(!unfolded(answer.message).contains("signature not found"), "that is not what happened: \(answer)")
        }
    }

    private static func expectGoesOn(_ gate: Gate) async throws {
        let world = try await World.shared()
        let answer = try await gate.review(Review(world.image("signed2")))
        #expect(answer.allowed, "the gate does not go on: \(answer)")
    }
}
