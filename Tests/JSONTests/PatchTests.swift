import JSON
import Testing

@Suite struct PatchTests {
    private static func apply(_ patch: String, to document: String) throws -> Value {
        try Patch(parsing: Document(text: patch).root).apply(to: Document(text: document)).root
    }

    /// Source: RFC 6902 appendix A, without `move` and `copy`.
    @Test(arguments: [
        ("A.1", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
        (
            "A.2", #"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            #"{"foo":["bar","qux","baz"]}"#
        ),
        ("A.3", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
        ("A.4", #"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
        (
            "A.5", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            #"{"baz":"boo","foo":"bar"}"#
        ),
        (
            "A.8", #"{"baz":"qux","foo":["a",2,"c"]}"#,
            #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            #"{"baz":"qux","foo":["a",2,"c"]}"#
        ),
        (
            "A.10", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            #"{"foo":"bar","child":{"grandchild":{}}}"#
        ),
        (
            "A.11", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            #"{"foo":"bar","baz":"qux"}"#
        ),
        ("A.14", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
        (
            "A.16", #"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            #"{"foo":["bar",["abc","def"]]}"#
        ),
    ])
    func appliesAsRFC6902(_ name: String, _ document: String, _ patch: String, _ expected: String) throws {
        #expect(try Self.apply(patch, to: document).isEqual(to: Document(text: expected).root), "\(name)")
    }

    @Test(arguments: [
        ("A.9", #"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#),
        ("A.12", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#),
        ("A.13", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","op":"remove"}]"#),
        ("A.15", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#),
    ])
    func refusesAsRFC6902(_ name: String, _ document: String, _ patch: String) {
        #expect(throws: (any Error).self, "\(name)") { try Self.apply(patch, to: document) }
    }

    @Test(arguments: [
        (#"{ }"#, #"[{"op":"add","path":"/a","value":1}]"#, #"{ "a":1}"#),
        (#"[ ]"#, #"[{"op":"add","path":"/0","value":1}]"#, #"[ 1]"#),
        (#"[1, 2]"#, #"[{"op":"add","path":"/2","value":3}]"#, #"[1, 2,3]"#),
        (#"{"a": 1, "b": 2.50}"#, #"[{"op":"add","path":"/a","value":[]}]"#, #"{"a": [], "b": 2.50}"#),
        (#"{"a": 1, "b": 2, "c": 3}"#, #"[{"op":"remove","path":"/c"}]"#, #"{"a": 1, "b": 2}"#),
        (#"{"a": 1, "b": 2, "c": 3}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b": 2, "c": 3}"#),
        (#"{ "a": 1 }"#, #"[{"op":"remove","path":"/a"}]"#, #"{  }"#),
        (#"[1, 2]"#, #"[{"op":"remove","path":"/1"},{"op":"remove","path":"/0"}]"#, #"[]"#),
        (#"{"a": 1}"#, #"[{"op":"replace","path":"","value":[7]}]"#, #"[7]"#),
        (#"{"a": 1}"#, #"[{"op":"add","path":"","value":7}]"#, #"7"#),
        (#"{"a/b": {"~": 1}}"#, #"[{"op":"replace","path":"/a~1b/~0","value":2}]"#, #"{"a/b": {"~": 2}}"#),
    ])
    func keepsTheTextAround(_ document: String, _ patch: String, _ expected: String) throws {
        #expect(try Self.apply(patch, to: document).description == expected)
    }

    @Test(arguments: [
        (#"{}"#, #"[{"op":"remove","path":"/a"}]"#), (#"{}"#, #"[{"op":"replace","path":"/a","value":1}]"#),
        (#"{}"#, #"[{"op":"test","path":"/a","value":1}]"#), (#"{}"#, #"[{"op":"remove","path":""}]"#),
        (#"[1]"#, #"[{"op":"add","path":"/2","value":1}]"#), (#"[1]"#, #"[{"op":"add","path":"/01","value":1}]"#),
        (#"[1]"#, #"[{"op":"remove","path":"/-"}]"#), (#"7"#, #"[{"op":"add","path":"/a","value":1}]"#),
        (#"{}"#, #"[{"op":"move","from":"/a","path":"/b"}]"#), (#"{}"#, #"[{"path":"/a"}]"#), (#"{}"#, #"{}"#),
        (#"{}"#, #"[{"op":"add","value":1}]"#), (#"{}"#, #"[{"op":"add","path":"/a"}]"#),
        (#"{}"#, #"[{"op":"add","path":"a","value":1}]"#),
    ])
    func refuses(_ document: String, _ patch: String) throws {
        #expect(throws: PatchError.self) { try Self.apply(patch, to: document) }
    }

    @Test func refusesValuesThatAreNotOneValue() throws {
        let document = try Document(text: #"{"a":1}"#)
        for value in ["1,\"b\":2", "", "1}", "{\"x\":1,\"x\":2}"] {
            let patch = Patch(operations: [.replace(Pointer(tokens: ["a"]), value: Array(value.utf8))])
            #expect(throws: PatchError.self) { try patch.apply(to: document) }
        }
    }

    @Test func doesNotBringBackSupersededMembers() throws {
        let document = try Document(text: #"{"a":1,"a":2,"b":3}"#, duplicateKeys: .keepLast)
        let patch = Patch(operations: [.remove(Pointer(tokens: ["b"]))])
        #expect(try patch.apply(to: document).root.description == #"{"a":2}"#)
    }

    @Test func writes() throws {
        let image = Pointer(tokens: ["spec", "containers", "0", "image"])
        let patch = Patch(operations: [
            .test(image, string: "a\"b"), .replace(image, string: "c"), .add(Pointer(tokens: ["x"]), string: "y"),
            .remove(image),
        ])
        var writer = Writer()
        patch.write(to: &writer)
        let path = #""path":"/spec/containers/0/image""#
        #expect(
            writer.text
                == #"[{"op":"test",\#(path),"value":"a\"b"},{"op":"replace",\#(path),"value":"c"},"#
                + #"{"op":"add","path":"/x","value":"y"},{"op":"remove",\#(path)}]"#)
        #expect(try Patch(parsing: Document(writer.bytes).root) == patch)
    }

    @Test func saysWhatIsMissing() throws {
        let error = #expect(throws: PatchError.self) { try Self.apply(#"[{"op":"remove","path":"/a/b"}]"#, to: "{}") }
        #expect(error?.description == #"patch operation 0: nothing at "/a/b""#)
    }
}
