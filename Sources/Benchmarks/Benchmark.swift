/// Something that is measured, and prints what it found.
protocol Benchmark {
    /// What the command line calls it.
    static var name: String { get }

    static func run() async throws
}

enum Measurement {
    /// The median time of one call of `body`, in nanoseconds.
    ///
    /// Runs `rounds` times `calls` calls, after one round that warms up and is not counted. The median passes over the
    /// rounds in which the machine did something else.
    static func median(rounds: Int = 31, calls: Int, _ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        var times: [Double] = []
        for round in 0...rounds {
            let elapsed = try clock.measure {
                for _ in 0..<calls { try body() }
            }
            let nanoseconds = Double(elapsed.components.seconds) * 1e9 + Double(elapsed.components.attoseconds) / 1e9
            if round > 0 { times.append(nanoseconds / Double(calls)) }
        }
        times.sort()
        return times[times.count / 2]
    }

    /// `value` with one digit after the point.
    static func oneDigit(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
