// Runs the benchmarks that are named on the command line, or all of them. `scene FOLDER` is no benchmark: it plays the
// registry for those of `.ci/bench`, which need processes of their own.

import Glibc

/// In the order in which they run. A benchmark is a file of this folder and a line here.
let benchmarks: [any Benchmark.Type] = [ParseBenchmark.self, PlanBenchmark.self, LoadBenchmark.self]

func fail(_ message: String, code: Int32 = 1) -> Never {
    print(message)
    exit(code)
}

let wanted = CommandLine.arguments.dropFirst()
if wanted.first == "scene" {
    guard wanted.count == 2, let folder = wanted.last else { fail("usage: Benchmarks scene FOLDER", code: 64) }
    do {
        let scene = try Scene()
        try scene.write(to: folder)
        // Whoever started this closes its standard input at the end.
        while readLine() != nil {}
        scene.registry.stop()
    } catch {
        fail("scene: \(error)")
    }
    exit(0)
}

if let unknown = wanted.first(where: { name in !benchmarks.contains { $0.name == name } }) {
    fail("no benchmark \(unknown); there are: \(benchmarks.map { $0.name }.joined(separator: ", "))", code: 64)
}
for benchmark in benchmarks where wanted.isEmpty || wanted.contains(benchmark.name) {
    do { try await benchmark.run() } catch { fail("\(benchmark.name): \(error)") }
}
