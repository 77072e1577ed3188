// Runs the benchmarks that are named on the command line, or all of them.

import Glibc

/// In the order in which they run. A benchmark is a file of this folder and a line here.
let benchmarks: [any Benchmark.Type] = [ParseBenchmark.self]

let wanted = CommandLine.arguments.dropFirst()
if let unknown = wanted.first(where: { name in !benchmarks.contains { $0.name == name } }) {
    print("no benchmark \(unknown); there are: \(benchmarks.map { $0.name }.joined(separator: ", "))")
    exit(64)
}
for benchmark in benchmarks where wanted.isEmpty || wanted.contains(benchmark.name) {
    do { try await benchmark.run() } catch {
        print("\(benchmark.name): \(error)")
        exit(1)
    }
}
