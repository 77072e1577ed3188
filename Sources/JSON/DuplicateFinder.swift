/// Finds the keys of one object that occur more than once.
///
/// Small objects are compared pair by pair, which is quicker than anything else. Large ones go through a hash table
/// whose hash is keyed at random, so that an object with 100,000 keys costs its reader no more than its length.
struct DuplicateFinder {
    /// 120 comparisons of two words: about what the hash table costs for as many keys.
    private static let mostKeysByPairs = 16

    private let first: Int
    private let count: Int
    private var later = 1

    /// Positions in the list of keys plus one, by hash; 0 is free. At most half full.
    private var table: [Int32] = []

    init(first: Int, count: Int) {
        self.first = first
        self.count = count
    }

    /// The next key that repeats an earlier one, with the latest key before it that it repeats.
    @inline(__always)
    mutating func next(_ keys: [Key], _ bytes: Span<UInt8>) -> (earlier: Int, later: Int)? {
        count <= Self.mostKeysByPairs ? nextByPairs(keys, bytes) : nextByHash(keys, bytes)
    }

    @inline(__always)
    private mutating func nextByPairs(_ keys: [Key], _ bytes: Span<UInt8>) -> (earlier: Int, later: Int)? {
        let keys = keys.span
        while later < count {
            let candidate = first + later
            let signature = keys[candidate].signature
            later += 1
            var earlier = candidate - 1
            while earlier >= first {
                if keys[earlier].signature == signature, keys[earlier].isSame(as: keys[candidate], bytes) {
                    return (earlier, candidate)
                }
                earlier -= 1
            }
        }
        return nil
    }

    private mutating func nextByHash(_ keys: [Key], _ bytes: Span<UInt8>) -> (earlier: Int, later: Int)? {
        if table.isEmpty {
            table = Array(repeating: 0, count: 1 << (Int.bitWidth - (2 * count - 1).leadingZeroBitCount))
            later = 0
        }
        let mask = table.count - 1
        while later < count {
            let candidate = first + later
            later += 1
            var slot = keys[candidate].hash(bytes) & mask
            while table[slot] != 0 {
                let earlier = first + Int(table[slot]) - 1
                if keys[earlier].isSame(as: keys[candidate], bytes) {
                    table[slot] = Int32(candidate - first + 1)
                    return (earlier, candidate)
                }
                slot = (slot + 1) & mask
            }
            table[slot] = Int32(candidate - first + 1)
        }
        return nil
    }
}
