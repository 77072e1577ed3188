import Synchronization

/// How often values fell into which range. Observing is a search of the bounds and two atomic additions.
public final class Histogram: Sendable {
    /// From 50 µs, what a remembered verdict takes, to 30 s, the API server's longest timeout, in seconds.
    public static let durations: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        30,
    ]

    /// Upper bounds, ascending; each belongs to its range. What is larger than all falls into `+Inf`.
    public let bounds: [Double]

    private let counts: [Cell]
    private let sum = Atomic<UInt64>(Double.zero.bitPattern)

    /// An atomic that an array can hold.
    private final class Cell: Sendable {
        let count = Atomic<UInt64>(0)
    }

    /// - Parameter bounds: Finite and strictly ascending.
    public init(bounds: [Double] = Histogram.durations) {
        precondition(bounds.allSatisfy(\.isFinite), "the bounds of a histogram are finite")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of a histogram ascend")
        self.bounds = bounds
        self.counts = (0...bounds.count).map { _ in Cell() }
    }

    public func observe(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    /// Observes a duration in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// What was observed so far. Ranges are read one after the other, so a concurrent observation may be in one part and
    /// not yet in another; the ranges and the total always agree.
    public var snapshot: Snapshot {
        var total: UInt64 = 0
        let cumulative = counts.map { cell in
            total += cell.count.load(ordering: .relaxed)
            return total
        }
        return Snapshot(
            bounds: bounds, cumulativeCounts: cumulative, sum: Double(bitPattern: sum.load(ordering: .relaxed)))
    }

    public struct Snapshot: Sendable, Equatable {
        public let bounds: [Double]
        /// How many values were at or below each bound; the last entry is the count of all.
        public let cumulativeCounts: [UInt64]
        /// Of all values, in their unit.
        public let sum: Double

        public var count: UInt64 { cumulativeCounts.last ?? 0 }
    }
}
