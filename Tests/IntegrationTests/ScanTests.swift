import Foundation
import HTTPServer
import JSON
import OpenSSL
import Testing

@testable import TestSupport

/// `countersign scan` as a process, and what it ends with: no pass over what it could not see.
@Suite(.needsParts) struct ScanTests {
    /// An API server with two Pods, of which one has an image that is no reference, so that no registry is asked.
    private final class Cluster: Service {
        let forbidden: Set<String>

        init(forbidding forbidden: Set<String> = []) { self.forbidden = forbidden }

        func handle(
            _ head: RequestHead, body: Span<UInt8>, respond: inout Response, later: () -> Reply
        ) -> Disposition {
            respond = answer(String(head.path))
            return .answered
        }

        private func answer(_ path: String) -> Response {
            let last = path.split(separator: "/").last.map(String.init) ?? ""
            if forbidden.contains(last) { return failure(403, "Forbidden", "no \(last) for you") }
            switch path {
            case "/api": return json(#"{"versions":["v1"]}"#)
            case "/apis": return json(#"{"groups":[]}"#)
            case "/api/v1":
                return json(#"{"resources":[{"name":"pods","kind":"Pod","namespaced":true}]}"#)
            case "/api/v1/namespaces/prod": return json(#"{"metadata":{"name":"prod"}}"#)
            case "/api/v1/pods", "/api/v1/namespaces/prod/pods":
                let pods = [pod("good", "other.test/a"), pod("bad", "a/UPPER")].joined(separator: ",")
                return json(#"{"metadata":{"resourceVersion":"1"},"items":[\#(pods)]}"#)
            default: return failure(404, "NotFound", "no \(last) here")
            }
        }

        private func pod(_ name: String, _ image: String) -> String {
            #"{"metadata":{"name":"\#(name)","namespace":"prod","uid":"\#(name)"},"#
                + #""spec":{"containers":[{"name":"c","image":"\#(image)"}]}}"#
        }

        private func json(_ text: String, status: Int = 200) -> Response {
            Response(status: status, contentType: "application/json", body: Array(text.utf8))
        }

        private func failure(_ code: Int, _ reason: String, _ message: String) -> Response {
            json(#"{"kind":"Status","code":\#(code),"reason":"\#(reason)","message":"\#(message)"}"#, status: code)
        }
    }

    /// A cluster that answers, and how it is asked.
    private struct Stage {
        let folder: TemporaryFolder
        let server: Server
        let kubeconfig: String
        let policy: String

        init(forbidding: Set<String> = [], match: String = "", exclude: String = "") throws {
            folder = try TemporaryFolder("scan")
            server = try Server(
                Server.Configuration(host: "127.0.0.1", port: 0), service: Cluster(forbidding: forbidding))
            server.start()
            kubeconfig = try folder.write(
                """
                {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
                "clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:\(server.port)"}}],
                "users":[{"name":"u","user":{}}]}
                """, to: "kubeconfig")
            policy = try folder.write(
                """
                apiVersion: kyverno.io/v1
                kind: ClusterPolicy
                metadata: {name: check}
                spec:
                  validationFailureAction: Enforce
                  rules:
                  - name: signed
                    match: {any: [{resources: {kinds: [Pod]}\(match)}]}
                    \(exclude)
                    verifyImages:
                    - image: "nobody.test/*"
                      key: |-
                \(Policies.indented(try PrivateKey.generate().publicKey.pem, by: 8))
                """, to: "policy.yaml")
        }

        func flags(_ more: [String]) -> [String] {
            ["scan", "--kubeconfig", kubeconfig, "--policies", policy] + more
        }

        func scan(_ more: String...) async throws -> CommandResult {
            try await Command.run(Parts.countersign, flags(more), in: folder)
        }
    }

    @Test func itTellsWhatWouldBeDenied() async throws {
        let stage = try Stage()
        let result = try await stage.scan()
        #expect(result.status == 1, "\(result)")
        #expect(result.output.contains("would be denied: Pod/prod/bad"))
        #expect(result.errors.isEmpty, "\(result)")
    }

    @Test func whatMayNotBeListedIsNoPass() async throws {
        let stage = try Stage(forbidding: ["deployments"])
        let result = try await stage.scan()
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("error: deployments.apps cannot be listed: no deployments for you"))
        #expect(result.output.contains("would be denied: Pod/prod/bad"))
    }

    @Test func aPolicyThatCannotBeReadIsNoPass() async throws {
        let stage = try Stage()
        let bad = try stage.folder.write("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: 7\n", to: "bad.yaml")
        let result = try await Command.run(
            Parts.countersign, ["scan", "--kubeconfig", stage.kubeconfig, "--policies", bad], in: stage.folder)
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("bad.yaml"))
    }

    @Test func aNamespaceThatDoesNotExistIsNoPass() async throws {
        let stage = try Stage()
        #expect(try await stage.scan("--namespace", "prod").status == 1)
        let result = try await stage.scan("--namespace", "pord")
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("--namespace pord"))
        // Who may not read Namespaces may look into one all the same.
        let narrow = try Stage(forbidding: ["prod"])
        #expect(try await narrow.scan("--namespace", "prod").status == 1)
    }

    @Test func aRuleThatLeavesOutAdministratorsIsAskedAndOneAboutThemAloneIsNoPass() async throws {
        let excluding = try Stage(exclude: "exclude: {any: [{clusterRoles: [cluster-admin]}]}")
        #expect(try await excluding.scan().status == 1)
        let matching = try Stage(match: ", clusterRoles: [cluster-admin]")
        let result = try await matching.scan()
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("there is nothing to ask"))
    }

    @Test func filesOfKUBECONFIGAreMerged() async throws {
        let stage = try Stage()
        let first = try stage.folder.write(#"{"current-context":"c"}"#, to: "first")
        let result = try await Command.run(
            Parts.countersign, ["scan", "--policies", stage.policy], in: stage.folder,
            environment: ["KUBECONFIG": "\(first):\(stage.kubeconfig)"])
        #expect(result.status == 1, "\(result)")
    }

    /// As a person sees it, under `script`, which is a terminal.
    @Test(arguments: ["", "1"])
    func aTerminalHasABarAndColoursUnlessItWantsNone(noColour: String) async throws {
        let stage = try Stage()
        let command = ([Parts.countersign] + stage.flags([])).map { "'\($0)'" }.joined(separator: " ")
        let result = try await Command.run(
            Parts.find("script"), ["-qec", command, "/dev/null"], in: stage.folder,
            environment: ["NO_COLOR": noColour, "TERM": "xterm"])
        #expect(result.status == 1, "\(result)")
        #expect(result.output.contains("objects"))
        #expect(result.output.contains("\r\u{1B}[K"))
        #expect(result.output.contains("\u{1B}[31m") == noColour.isEmpty)
        let piped = try await stage.scan()
        #expect(!piped.output.contains("\u{1B}") && !piped.errors.contains("\u{1B}"))
    }
}
