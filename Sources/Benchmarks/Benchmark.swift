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

    /// Prints one line: what was measured, its aim, and how many times better than that it is.
    static func report(
        _ name: String, _ value: Double, _ unit: String, most aim: Double, _ what: String, digits: Int = 1
    ) {
        line(name, value, unit, aim: "<= \(decimal(aim, 1))", ratio: aim / value, what, digits: digits)
    }

    /// As ``report(_:_:_:most:_:digits:)``, where more is better.
    static func report(_ name: String, _ value: Double, _ unit: String, least aim: Double, _ what: String) {
        line(name, value, unit, aim: ">= \(decimal(aim, 1))", ratio: value / aim, what, digits: 1)
    }

    private static func line(
        _ name: String, _ value: Double, _ unit: String, aim: String, ratio: Double, _ what: String, digits: Int
    ) {
        let measured = padded(padded(name, 7) + decimal(value, digits) + " " + unit, 24)
        print("\(measured)\(padded("aim \(aim)", 15))\(padded("×\(decimal(ratio, 2))", 9))\(what)")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// `value` with so many digits after the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        return "\(scaled / scale).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
