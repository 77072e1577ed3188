// Fuzzes one reader with libFuzzer: `Fuzzing --target=json -max_total_time=60 CORPUS`. See `.ci/fuzz`.

import CFuzzer
import Glibc

/// A reader of bytes from outside. It may refuse them; it may not crash, hang, or contradict itself.
protocol FuzzTarget: Sendable {
    static var name: String { get }

    static func run(_ bytes: [UInt8])
}

/// A file of this folder and a line here for each.
enum Targets {
    static let all: [any FuzzTarget.Type] = [
        JSONTarget.self, YAMLTarget.self, PolicyTarget.self, ReferenceTarget.self, SigningTarget.self,
        BundleTarget.self, HTTPTarget.self, QueryTarget.self, PatternTarget.self, KubeconfigTarget.self,
        WatchTarget.self,
    ]

    /// What `--target=` names. libFuzzer passes over flags with two dashes.
    static let chosen: (any FuzzTarget.Type)? = all.first { CommandLine.arguments.contains("--target=\($0.name)") }
}

/// Ends the process where a target contradicts itself, which libFuzzer reports with the input.
func require(_ condition: Bool, _ what: StaticString) {
    precondition(condition, "\(what)")
}

guard Targets.chosen != nil else {
    print("usage: Fuzzing --target=NAME …; targets: \(Targets.all.map { $0.name }.joined(separator: " "))")
    exit(64)
}
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
let code = unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    Targets.chosen?.run(bytes)
    return 0
}
exit(code)
