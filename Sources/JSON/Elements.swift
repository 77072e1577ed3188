/// The elements of an array, in order.
public struct Elements: Sequence, Sendable {
    let document: Document
    let position: Int
    let end: Int

    public struct Iterator: IteratorProtocol {
        let document: Document
        var position: Int
        let end: Int

        public mutating func next() -> Value? {
            guard position < end else { return nil }
            defer { position = document.index(after: position) }
            return Value(document: document, index: position)
        }
    }

    public func makeIterator() -> Iterator { Iterator(document: document, position: position, end: end) }
}
