import Admission
import JSON
import Policy
import Testing

@testable import Rehearsal

/// The review that a manifest would become.
@Suite struct RequestShapeTests {
    private func request(_ text: String, _ shape: RequestShape = RequestShape()) throws -> AdmissionRequest {
        let manifest = try #require(manifests(text).manifests.first)
        return try shape.request(about: manifest, object: shape.object(of: manifest))
    }

    private let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}}}"

    @Test func aDeployment() throws {
        let request = try request(deployment, RequestShape(user: UserInfo(username: "jane", groups: ["dev"])))
        let attributes = request.attributes
        #expect((attributes.group, attributes.version, attributes.kind) == ("apps", "v1", "Deployment"))
        #expect((attributes.namespace, attributes.name) == ("default", "web"))
        #expect(attributes.operation == .create)
        #expect(attributes.userInfo == UserInfo(username: "jane", groups: ["dev"]))
        // The API server writes the namespace into the object before it asks anybody.
        #expect(attributes.object?["metadata"]?["namespace"]?.string == "default")
        #expect(attributes.object?["metadata"]?["labels"]?["a"]?.string == "b")
        #expect(attributes.oldObject == nil)
    }

    @Test func itsOwnNamespaceCounts() throws {
        let text = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: prod}}"
        #expect(try request(text, RequestShape(namespace: "other")).attributes.namespace == "prod")
    }

    @Test func anEmptyNamespaceIsNone() throws {
        let text = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: \"\"}}"
        let attributes = try request(text, RequestShape(namespace: "other")).attributes
        #expect(attributes.namespace == "other")
        #expect(attributes.object?["metadata"]?["namespace"]?.string == "other")
    }

    @Test func objectsOfTheClusterHaveNone() throws {
        let role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}"
        #expect(try request(role).attributes.namespace == "")
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: prod}}"
        #expect(try request(namespace).attributes.namespace == "prod")
        #expect(try request(namespace).attributes.object?["metadata"]?["namespace"] == nil)
    }

    @Test func subresources() throws {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}}"
        let attributes = try request(pod, RequestShape(operation: .update, subresource: "ephemeralcontainers"))
            .attributes
        #expect((attributes.kind, attributes.subresource) == ("Pod", "ephemeralcontainers"))
        #expect(attributes.operation == .update)
    }

    @Test func whatIsDeletedIsTheOldObject() throws {
        let attributes = try request(deployment, RequestShape(operation: .delete)).attributes
        #expect(attributes.object == nil)
        #expect(attributes.oldObject?["kind"]?.string == "Deployment")
    }

    @Test func oldObjectsBelongByKindNamespaceAndName() throws {
        let old = manifests(
            """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: other}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: prod}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, generation: 7}}
            """)
        let shape = RequestShape(operation: .update, oldObjects: old.manifests)
        #expect(try request(deployment, shape).attributes.oldObject?["metadata"]?["generation"]?.integer == 7)
        let another = RequestShape(operation: .update, oldObjects: Array(old.manifests.prefix(2)))
        #expect(try request(deployment, another).attributes.oldObject == nil)
    }

    @Test func generatedNames() throws {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {generateName: web-}}"
        let attributes = try request(pod).attributes
        #expect((attributes.name, attributes.generateName) == ("", "web-"))
    }
}
