import JSON
import Testing
import YAML

@Suite struct YAMLTests {
    @Test func readsDocuments() throws {
        let documents = try YAML.documents(Array("a: 1\n---\n# nothing\n---\n- x\n- {b: [yes]}\n".utf8))
        #expect(documents.map(\.root.description) == [#"{"a":1}"#, #"["x",{"b":[true]}]"#])
    }
}
