import JSON
import OCI
import Testing

@testable import Policy

@Suite struct ResourceImagesTests {
    private func images(_ kind: String, _ text: String) throws -> [ContainerImage] {
        ResourceImages.images(in: try Document(text).root, kind: kind)
    }

    private static let podSpec = #"""
        {"initContainers":[{"name":"init","image":"a:1"}],
         "containers":[{"name":"one","image":"b:1"},{"name":"one","image":"c:1"},{"image":"d"}],
         "ephemeralContainers":[{"name":"debug","image":"e:1"}],
         "volumes":[{"name":"data","emptyDir":{}},{"name":"model","image":{"reference":"f:1","pullPolicy":"Always"}}]}
        """#

    static let places: [(kind: String, prefix: String, suffix: String, pointer: String)] = [
        ("Pod", #"{"spec":"#, "}", "/spec"),
        ("Deployment", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        ("ReplicaSet", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        ("ReplicationController", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        ("StatefulSet", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        ("DaemonSet", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        ("Job", #"{"spec":{"template":{"spec":"#, "}}}", "/spec/template/spec"),
        (
            "CronJob", #"{"spec":{"jobTemplate":{"spec":{"template":{"spec":"#, "}}}}}",
            "/spec/jobTemplate/spec/template/spec"
        ),
    ]

    @Test(arguments: places) func findsAllImages(kind: String, prefix: String, suffix: String, pointer: String) throws {
        let images = try images(kind, prefix + Self.podSpec + suffix)
        #expect(
            images.map { "\($0.pointer) \($0.list.rawValue) \($0.name) \($0.text)" } == [
                "\(pointer)/initContainers/0/image initContainers init a:1",
                "\(pointer)/containers/0/image containers one b:1",
                "\(pointer)/containers/1/image containers one c:1",
                "\(pointer)/containers/2/image containers 2 d",
                "\(pointer)/ephemeralContainers/0/image ephemeralContainers debug e:1",
                "\(pointer)/volumes/1/image/reference volumes model f:1",
            ])
        #expect(ResourceImages.kinds.contains(kind))
    }

    @Test func otherKindsHaveNone() throws {
        #expect(try images("Service", #"{"spec":{"containers":[{"image":"a"}]}}"#).isEmpty)
        #expect(try images("PodTemplate", #"{"template":{"spec":{"containers":[{"image":"a"}]}}}"#).isEmpty)
    }

    @Test func emptyIsNoImage() throws {
        let text = #"{"spec":{"containers":[{"name":"a","image":""},{"name":"b"},{"name":"c","image":null}]}}"#
        #expect(try images("Pod", text).isEmpty)
        #expect(try images("Pod", "{}").isEmpty)
        #expect(try images("Pod", #"{"spec":{"containers":null}}"#).isEmpty)
    }

    /// Kyverno: one reference that does not parse empties the list, so that nothing is checked.
    @Test func oneThatIsNoReferenceHidesNoOther() throws {
        let images = try images(
            "Pod", #"{"spec":{"containers":[{"name":"bad","image":"A B"},{"name":"good","image":"a:1"}]}}"#)
        #expect(images.map(\.name) == ["bad", "good"])
        #expect(throws: ReferenceError.self) { try images[0].reference.get() }
        #expect(try images[1].reference.get().original == "a:1")
    }

    @Test func whatIsNoTextIsNoReference() throws {
        let images = try images(
            "Pod",
            #"{"spec":{"containers":[{"image":{"b":"c"}},{"image":[]},{"image":12},{"image":true},{"image":1.5}]}}"#)
        #expect(images.count == 5)
        for image in images { #expect(throws: ReferenceError.self) { try image.reference.get() } }
    }

    @Test func escapedKeysAreFound() throws {
        let images = try images("Pod", #"{"spec":{"cont\u0061iners":[{"im\u0061ge":"a:1"}]}}"#)
        #expect(images.map(\.text) == ["a:1"])
    }
}
