/// A set of characters (Unicode scalars), as `[…]`, `\d` or `\pL` name them.
struct ScalarSet: Sendable {
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private var categories: [CategorySet] = []
    private(set) var isNegated = false
    private var ignoresCase = false
    /// The answer for each character below 128, once ``finish(negated:ignoringCase:)`` was called.
    private var ascii: (low: UInt64, high: UInt64) = (0, 0)

    static let maximumScalar: UInt32 = 0x10FFFF
    /// Sets of up to this many characters get their other cases added one by one.
    private static let maximumFoldedCount = 4096

    init() {}

    init(_ ranges: [ClosedRange<UInt32>], negated: Bool = false) {
        self.ranges = ranges
        finish(negated: negated, ignoringCase: false)
    }

    init(_ category: CategorySet) {
        categories = [category]
        finish(negated: false, ignoringCase: false)
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds what is in another set, which ignores no case, and is negated only where it has no categories (they carry
    /// their own negation).
    mutating func insert(_ other: ScalarSet) {
        guard other.isNegated else {
            ranges += other.ranges
            categories += other.categories
            return
        }
        var next: UInt32 = 0
        for range in other.ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { ranges.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= Self.maximumScalar { ranges.append(next...Self.maximumScalar) }
    }

    /// Makes the set ready to be asked.
    mutating func finish(negated: Bool, ignoringCase: Bool) {
        isNegated = negated
        ignoresCase = ignoringCase
        if ignoringCase { addOtherCases() }
        merge()
        for scalar in 0..<UInt32(64) where decide(scalar) { ascii.low |= 1 << UInt64(scalar) }
        for scalar in 64..<UInt32(128) where decide(scalar) { ascii.high |= 1 << UInt64(scalar - 64) }
    }

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 == 1 }
        if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 == 1 }
        return decide(scalar)
    }

    private func decide(_ scalar: UInt32) -> Bool {
        var isInside = isListed(scalar)
        if !isInside, ignoresCase {
            isInside = isListed(CaseFolding.fold(scalar)) || isListed(CaseFolding.upper(scalar))
        }
        return isInside != isNegated
    }

    private func isListed(_ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        if low < ranges.count, ranges[low].contains(scalar) { return true }
        return categories.contains { $0.contains(scalar) }
    }

    private mutating func addOtherCases() {
        guard ranges.reduce(0, { $0 + $1.count }) <= Self.maximumFoldedCount else { return }
        for range in ranges {
            for scalar in range {
                let folded = CaseFolding.fold(scalar)
                ranges.append(folded...folded)
                let upper = CaseFolding.upper(folded)
                ranges.append(upper...upper)
            }
        }
    }

    /// Sorts the ranges and joins those that touch.
    private mutating func merge() {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }
}
