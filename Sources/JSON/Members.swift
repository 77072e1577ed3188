/// The members of an object, in order.
public struct Members: Sequence, Sendable {
    let document: Document
    let position: Int
    let end: Int

    public struct Iterator: IteratorProtocol {
        let document: Document
        var position: Int
        let end: Int

        public mutating func next() -> (key: String, value: Value)? {
            while position < end {
                let key = position
                position = document.index(after: key + 1)
                guard !document.tape[key].superseded else { continue }
                return (document.text(at: key), Value(document: document, index: key + 1))
            }
            return nil
        }
    }

    public func makeIterator() -> Iterator { Iterator(document: document, position: position, end: end) }
}
