/// `[start:stop:step]`
///
/// Source: JMESPath specification, "Slices", which takes them from Python.
struct Slice: Sendable {
    let start: Int?
    let stop: Int?
    /// Not 0.
    let step: Int

    /// The indices that the slice selects of an array with `count` elements, in their order.
    func indices(count: Int) -> StrideTo<Int> {
        if step > 0 {
            return stride(from: clamp(start ?? 0, count, 0), to: clamp(stop ?? count, count, 0), by: bounded(count))
        }
        let start = start.map { clamp($0, count, -1) } ?? count - 1
        let stop = stop.map { clamp($0, count, -1) } ?? -1
        return stride(from: min(start, count - 1), to: stop, by: bounded(count))
    }

    /// A position counted from the end where it is negative, between `lowest` and `count`.
    private func clamp(_ position: Int, _ count: Int, _ lowest: Int) -> Int {
        guard position < 0 else { return min(position, count) }
        // No overflow: a negative and a non-negative number.
        return max(position + count, lowest)
    }

    /// The step, or one that leads out of the array as well without overflow.
    private func bounded(_ count: Int) -> Int { max(min(step, count + 1), -count - 1) }
}
