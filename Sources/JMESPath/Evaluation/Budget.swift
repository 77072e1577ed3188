/// How much one evaluation may do.
public struct Budget: Sendable {
    /// Expressions evaluated, elements looked at and, by the hundred, bytes of text worked on. A million take some tenths
    /// of a second, and honest queries some hundreds.
    public var steps: Int

    /// Bytes of values that a query makes, counted generously. What is only passed on costs nothing.
    public var memory: Int

    public static let standard = Budget(steps: 1_000_000, memory: 16 << 20)

    public init(steps: Int, memory: Int) {
        self.steps = steps
        self.memory = memory
    }
}
