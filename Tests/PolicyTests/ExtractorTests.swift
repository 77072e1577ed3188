import JSON
import Testing

@testable import Policy

@Suite("Image extractors")
struct ExtractorTests {
    static let task = #"""
        {"kind":"Task","spec":{"steps":[{"name":"one","image":"ghcr.io/org/a:1"},{"name":"one","image":"ghcr.io/org/b:1"},{"name":"none"}],
         "sidecars":{"x":{"image":"ghcr.io/org/c:1"},"y":{"image":""},"z":{"image":null}},"bundle":{"image":7},"flat":["a"],
         "params":[{"name":"p","value":"ghcr.io/org/d:1 --flag"}],"deep":[{"list":[{"image":"ghcr.io/org/e:1"}]}]}}
        """#

    /// `pointer list name text` of each image, or the failure.
    static func images(_ extractors: String, kind: String = "Task", object: String = task) throws -> [String] {
        let entry = Sample.entry(extra: #""mutateDigest":false"#)
        let match = #"{"any":[{"resources":{"kinds":["Task","Pod"]}}]}"#
        let rule = try #require(
            try policy(
                rules:
                    "[\(Sample.rule(match: match, entries: "[\(entry)]", extra: #""imageExtractors":\#(extractors)"#))]"
            )
            .rules.first)
        let document = try Document(object)
        do throws(RuleFailure) {
            let images = try rule.images(
                in: document.root, kind: kind, builtIn: ResourceImages.images(in: document.root, kind: kind))
            return images.map { "\($0.pointer) \($0.list.rawValue) \($0.name) \($0.text)" }
        } catch {
            return ["error: \(error)"]
        }
    }

    @Test(
        "What is found",
        arguments: [
            // Two with one name are two images.
            (
                #"{"Task":[{"name":"steps","path":"/spec/steps/*","value":"image","key":"name"}]}"#,
                ["/spec/steps/0/image steps one ghcr.io/org/a:1", "/spec/steps/1/image steps one ghcr.io/org/b:1"]
            ),
            (
                #"{"Task":[{"path":"/spec/steps/*/image"}]}"#,
                [
                    "/spec/steps/0/image custom /spec/steps/0/image ghcr.io/org/a:1",
                    "/spec/steps/1/image custom /spec/steps/1/image ghcr.io/org/b:1",
                ]
            ),
            (
                #"{"Task":[{"path":"/spec/sidecars/*/image"}]}"#,
                ["/spec/sidecars/x/image custom /spec/sidecars/x/image ghcr.io/org/c:1"]
            ),
            (
                #"{"Task":[{"path":"/spec/deep/*/list/*/image"}]}"#,
                ["/spec/deep/0/list/0/image custom /spec/deep/0/list/0/image ghcr.io/org/e:1"]
            ),
            // What is no text is kept, and is then no reference.
            (#"{"Task":[{"path":"/spec/bundle/image"}]}"#, ["/spec/bundle/image custom /spec/bundle/image 7"]),
            (#"{"Task":[{"path":"/spec/nothing/*/image"}]}"#, []),
            (
                #"{"Task":[{"path":"/spec/params/*","value":"value","key":"name","jmesPath":"starts_with(@, 'ghcr.io') && 'ghcr.io/org/d:1'"}]}"#,
                ["/spec/params/0/value custom p ghcr.io/org/d:1"]
            ),
            (
                #"{"Task":[{"path":"/spec/flat/*/image"}]}"#,
                ["error: image extractor custom: /spec/flat/0 is no object with image inside"]
            ),
            (
                #"{"Task":[{"path":"/spec/bundle/image/*","value":"x"}]}"#,
                ["error: image extractor custom: /spec/bundle/image is neither a list nor a map"]
            ),
            (
                #"{"Task":[{"path":"/spec/sidecars/*","value":"image","key":"name"}]}"#,
                ["error: image extractor custom: /spec/sidecars/x has no name, which names the image"]
            ),
            (
                #"{"Task":[{"path":"/spec/steps/*","value":"image","jmesPath":"length(@)"}]}"#,
                ["error: image extractor custom: /spec/steps/0 gives no text by jmesPath length(@)"]
            ),
            // Another kind's are no concern of this one.
            (#"{"Pipeline":[{"path":"/spec/steps/*/image"}]}"#, []),
        ])
    func finds(_ extractors: String, _ expected: [String]) throws {
        #expect(try Self.images(extractors) == expected)
    }

    @Test("They take the place of where the kind has its images by nature")
    func replace() throws {
        let pod = #"{"spec":{"containers":[{"name":"a","image":"ghcr.io/a:1"}],"other":{"image":"ghcr.io/b:1"}}}"#
        let extractors = #"{"Pod":[{"path":"/spec/other/image"}]}"#
        #expect(
            try Self.images(extractors, kind: "Pod", object: pod) == [
                "/spec/other/image custom /spec/other/image ghcr.io/b:1"
            ])
        #expect(try Self.images(#"{"Task":[{"path":"/a/b"}]}"#, kind: "Pod", object: pod).count == 1)
    }

    @Test(
        "Extractors that are refused",
        arguments: [
            (#"{"Task":[{"path":"/spec/*"}]}"#, "Task[0].value"), (#"{"Task":[{"path":"a"}]}"#, "Task[0].path"),
            (#"{"Task":[{"value":"a"}]}"#, "Task[0].path"), (#"{"Task":[]}"#, "Task"), (#"{"Task":{}}"#, "Task"),
            (#"{"Task":[{"path":"/a/b","jmesPath":"a b"}]}"#, "Task[0].jmesPath"),
            // The digest would have to be written into something else than the image.
            (#"{"Task":[{"path":"/a/b","jmesPath":"@"}]}"#, "Task[0].jmesPath"),
        ])
    func refused(_ extractors: String, _ path: String) throws {
        let text = Sample.policy(rules: "[\(Sample.rule(extra: #""imageExtractors":\#(extractors)"#))]")
        #expect(try problems(text).map(\.path) == ["spec.rules[0].imageExtractors.\(path)"])
    }
}
