import ArgumentParser
import HTTPClient
import Logging
import Registry
import Verification

/// `countersign demo`: the whole gate in one process, without a cluster and without the internet.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try the gate on this machine: no cluster, no internet.",
        discussion: """
            Starts a registry on loopback that holds images signed as cosign 2 and cosign 3 sign, unsigned, signed by \
            another key, and with a signature moved from another image; the real HTTPS server with a policy; posts an \
            admission review for each image, and prints the verdicts. Then it stays up for you to try by hand.
            """
    )

    @Flag(help: "Exit after the table: 0 only if every verdict is the expected one.")
    var once = false

    func run() async throws {
        let terminal = Terminal()
        let scene: DemoScene
        let gate: Gate
        var log = LogOptions()
        log.logFormat = .text
        log.logLevel = .warning
        do {
            scene = try DemoScene()
            gate = try Gate(
                Gate.Configuration(
                    listen: ListenAddress(host: "127.0.0.1", port: 0),
                    policies: .text(scene.policy, name: "demo policy"), certificate: CertificateSource(files: nil),
                    client: HTTPClient.Configuration(), registry: RegistryConfiguration(),
                    verifier: ImageVerifier.Configuration()),
                log: log.start())
        } catch {
            throw Failed("the demo cannot start: \(error)")
        }
        gate.start()
        let client = try HTTPClient(HTTPClient.Configuration())

        print("A registry with signed and unsigned images, a policy and the gate, all on loopback:\n")
        print("  registry  http://\(scene.registry.host)\n  gate      https://\(gate.address)\n")
        let allExpected = try await show(scene, gate: gate, client: client, terminal: terminal)
        client.close()

        if !once {
            print("\nThe policy:\n")
            print(scene.policy.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
            print("\nTry it by hand (\(terminal.bold("Ctrl-C")) ends the demo):\n")
            print(DemoReview.curl(gate: gate.address, image: "\(scene.repository):unsigned"))
            _ = await Signals.next()
        }
        await gate.stop()
        scene.registry.stop()
        guard allExpected else { throw Failed("not every verdict is the expected one") }
    }

    /// Posts a review for each image and prints what came back.
    ///
    /// - Returns: Whether every verdict is the expected one.
    private func show(
        _ scene: DemoScene, gate: Gate, client: HTTPClient, terminal: Terminal
    ) async throws -> Bool {
        var table = Table(["IMAGE", "VERDICT", "REASON", "MS"])
        var allowed: [Bool] = []
        var allExpected = true
        for scenario in scene.cases {
            let answer = try await DemoReview.post(image: scenario.image, to: gate.address, by: client)
            let isExpected = scenario.expects(answer)
            allExpected = allExpected && isExpected
            allowed.append(answer.isAllowed)
            let verdict = (answer.isAllowed ? "allowed" : "denied") + (isExpected ? "" : " (unexpected)")
            table.add([scenario.image, verdict, answer.reason, answer.milliseconds])
        }
        print(
            table.text { row, column, cell in
                guard column == 1 else { return cell }
                return allowed[row] ? terminal.green(cell) : terminal.red(cell)
            }, terminator: "")
        return allExpected
    }
}
