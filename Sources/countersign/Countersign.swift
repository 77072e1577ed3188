import ArgumentParser

/// The command line.
struct Countersign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign",
        abstract: "Admits Kubernetes workloads only if their images carry the signatures that policies ask for.",
        discussion: """
            Reads Kyverno ClusterPolicy objects with verifyImages rules, and the signatures that cosign 2 and cosign 3 \
            write. Try it without a cluster:

              countersign demo

            Exit codes: 0 done, 1 failed, denied or not verified, 2 unreadable policies or resources, 64 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [Serve.self, Apply.self, Explain.self, Scan.self, Verify.self, Demo.self, Uninstall.self]
    )
}
