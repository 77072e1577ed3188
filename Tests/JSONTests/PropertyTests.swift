import JSON
import Testing

@Suite struct PropertyTests {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func roundTrips(_ seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let tree = Tree(random: &generator)
        var writer = Writer()
        tree.write(to: &writer)
        let document = try Document(writer.bytes)
        #expect(Tree(document.root) == tree)
        #expect(document.root.source == writer.bytes)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func readsAnySpellingAlike(_ seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let tree = Tree(random: &generator)
        let document = try Document(tree.spelled(&generator))
        #expect(Tree(document.root) == tree)
        var writer = Writer()
        tree.write(to: &writer)
        #expect(document.root.isEqual(to: try Document(writer.bytes).root))
        for (key, value) in document.root.members {
            #expect(document.root[key].map { Tree($0) } == Tree(value))
        }
    }

    /// Broken documents are refused or read, and the lenient reader takes what the strict one takes, alike.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func survivesMutations(_ seed: UInt64) throws {
        var generator = Generator(seed: seed &+ 1_000_000)
        let tree = Tree(random: &generator)
        let valid = tree.spelled(&generator)
        for _ in 0..<20 {
            let bytes = Self.mutated(valid, &generator)
            let strict = try? Document(bytes)
            let lenient = try? Document(copying: bytes.span, duplicateKeys: .keepLast)
            guard let strict else { continue }
            #expect(lenient != nil)
            #expect(lenient.map { Tree($0.root) } == Tree(strict.root))
            var writer = Writer()
            writer.value(strict.root)
            #expect(try Tree(Document(writer.bytes).root) == Tree(strict.root))
        }
    }

    private static func mutated(_ valid: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var bytes = valid
        let interesting = Array("{}[],:\"\\u0123aeE.-+ntf\u{0}\u{1F}".utf8) + [0x80, 0xC0, 0xED, 0xF4, 0xFF] as [UInt8]
        for _ in 0...generator.below(3) {
            let position = generator.below(bytes.count + 1)
            let byte = interesting.randomElement(using: &generator) ?? 0
            switch generator.below(4) {
            case 0: bytes.insert(byte, at: position)
            case 1 where position < bytes.count: bytes[position] = byte
            case 2 where position < bytes.count: bytes.remove(at: position)
            case 3: bytes.removeLast(bytes.count - position)
            default: break
            }
        }
        return bytes
    }
}
