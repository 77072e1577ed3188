import Testing
import YAML

/// Source: Tests/Fixtures/Nasty/README.md.
@Suite struct NastyTests {
    static let files = Fixtures.names(in: "Nasty", withExtension: "yaml")

    @Test func hasFiles() { #expect(Self.files.count > 40) }

    @Test(arguments: files)
    func reads(_ name: String) throws {
        let bytes = try Fixtures.bytes("Nasty", name)
        if name.hasPrefix("y_") {
            _ = try YAML.documents(bytes)
        } else {
            #expect(throws: YAMLError.self) { try YAML.documents(bytes) }
        }
    }
}
