import JSON
import Kubernetes
import Testing

@Suite("Names of objects")
struct ObjectNameTests {
    @Test(
        "A name is read from the metadata, with its namespace where it has one",
        arguments: [
            (#"{"metadata":{"name":"a"}}"#, "a"),
            (#"{"metadata":{"name":"a","namespace":""}}"#, "a"),
            (#"{"metadata":{"name":"a","namespace":"b"}}"#, "b/a"),
        ])
    func name(text: String, expected: String) throws {
        let name = try #require(ObjectName(of: Document(Array(text.utf8)).root))
        #expect(name.description == expected)
    }

    @Test("An object without a name has none", arguments: ["{}", #"{"metadata":{"name":""}}"#, #"{"metadata":1}"#])
    func nameless(text: String) throws {
        #expect(try ObjectName(of: Document(Array(text.utf8)).root) == nil)
    }
}
