/// An object that a query made: members in the order in which they came, each key once.
public struct ObjectNode: Sendable {
    public struct Member: Sendable {
        public let key: String
        public internal(set) var value: Node

        public init(key: String, value: Node) {
            self.key = key
            self.value = value
        }
    }

    /// Up to this many members are looked through one by one, which is quicker than hashing the key.
    private static let maximumLinearCount = 8

    public private(set) var members: [Member] = []
    /// Where each key is; empty as long as there are few.
    private var positions: [ByteKey: Int] = [:]

    public init() {}

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    /// The value of `key`. Setting it keeps the place of a key that is there already.
    public subscript(key: String) -> Node? { position(of: key).map { members[$0].value } }

    /// Adds a member, or gives the one that is there another value.
    public mutating func set(_ key: String, to value: Node) {
        if let position = position(of: key) {
            members[position].value = value
            return
        }
        members.append(Member(key: key, value: value))
        if !positions.isEmpty {
            positions[ByteKey(key)] = members.count - 1
        } else if members.count > Self.maximumLinearCount {
            for (position, member) in members.enumerated() { positions[ByteKey(member.key)] = position }
        }
    }

    private func position(of key: String) -> Int? {
        if !positions.isEmpty { return positions[ByteKey(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}
