import JSON
import Testing

@testable import Policy

/// Policies as objects of a cluster: `text` with the fields that the API server adds.
func object(_ text: String, uid: String = "1", generation: Int = 1, status: String = "") throws -> Value {
    let value = try Document(text).root
    var writer = Writer()
    writer.beginObject()
    for (key, member) in value.members {
        writer.key(key)
        guard key == "metadata" else {
            writer.value(member)
            continue
        }
        writer.beginObject()
        for (key, member) in member.members {
            writer.key(key)
            writer.value(member)
        }
        writer.key("uid")
        writer.string(uid)
        writer.key("generation")
        writer.integer(generation)
        writer.endObject()
    }
    if !status.isEmpty {
        writer.key("status")
        writer.string(status)
    }
    writer.endObject()
    return try Document(writer.bytes).root
}

@Suite("Policies that are objects of a cluster") struct PolicyCollectionTests {
    private let broken = #""applyRules":"Some""#

    private func names(_ collection: PolicyCollection) -> [String] {
        collection.snapshot().policies.map(\.qualifiedName)
    }

    private func standings(_ collection: PolicyCollection) -> [PolicyOutcome.Standing] {
        collection.outcomes.map(\.standing)
    }

    @Test("They come, change and go one by one")
    func changes() throws {
        var collection = PolicyCollection()
        var hasChanged: Bool
        #expect(collection.snapshot().policies.isEmpty)
        hasChanged = collection.put(.clusterPolicy, try object(Sample.policy("b")))
        #expect(hasChanged)
        hasChanged = collection.put(.clusterPolicy, try object(Sample.policy("a")))
        #expect(hasChanged)
        let namespaced = Sample.policy("a", kind: "Policy", metadata: #""namespace":"shop""#)
        hasChanged = collection.put(.policy, try object(namespaced))
        #expect(hasChanged)
        #expect(names(collection) == ["a", "b", "shop/a"])
        #expect(standings(collection) == [.inForce, .inForce, .inForce])

        hasChanged = collection.remove(PolicyID(.clusterPolicy, "a"))
        #expect(hasChanged)
        hasChanged = collection.remove(PolicyID(.clusterPolicy, "a"))
        #expect(!hasChanged)
        #expect(names(collection) == ["b", "shop/a"])
        hasChanged = collection.replaceAll(.clusterPolicy, with: [try object(Sample.policy("c"))])
        #expect(hasChanged)
        #expect(names(collection) == ["c", "shop/a"])
        hasChanged = collection.replaceAll(.policy, with: [])
        #expect(hasChanged)
        hasChanged = collection.replaceAll(.policy, with: [])
        #expect(!hasChanged)
        #expect(names(collection) == ["c"])
    }

    @Test("A change of one compiles that one alone, and a change of its status none")
    func compilesWhatChanged() throws {
        var collection = PolicyCollection()
        var hasChanged: Bool
        let first = try object(Sample.policy("a"))
        collection.put(.clusterPolicy, first)
        collection.put(.clusterPolicy, try object(Sample.policy("b")))
        let before = collection.snapshot().policies
        hasChanged = collection.put(.clusterPolicy, try object(Sample.policy("a"), status: "seen"))
        #expect(!hasChanged)
        hasChanged = collection.replaceAll(.clusterPolicy, with: [first, try object(Sample.policy("b"))])
        #expect(!hasChanged)
        collection.put(.clusterPolicy, try object(Sample.policy("b", spec: #""emitWarning":true"#), generation: 2))
        let after = collection.snapshot().policies
        #expect(before[0] === after[0])
        #expect(before[1] !== after[1])
        #expect(collection.outcomes.map(\.generation) == [1, 2])
        // The annotation decides as well, though no generation counts it.
        let annotated = Sample.policy(
            "b", metadata: #""annotations":{"pod-policies.kyverno.io/autogen-controllers":"none"}"#)
        hasChanged = collection.put(.clusterPolicy, try object(annotated, generation: 2))
        #expect(hasChanged)
        #expect(collection.snapshot().policies[1].rules.count == 1)
    }

    @Test("What a policy keeps of its object is not the list that it came in")
    func nothingElseIsKept() throws {
        let list = try Document("[\(Sample.policy("a")),\(Sample.policy("b"))]").root
        var collection = PolicyCollection()
        collection.replaceAll(.clusterPolicy, with: Array(list.elements))
        #expect(names(collection) == ["a", "b"])
    }

    @Test("A broken one leaves its last good version in force, and the others alone")
    func lastGood() throws {
        var collection = PolicyCollection()
        collection.put(.clusterPolicy, try object(Sample.policy("a")))
        collection.put(.clusterPolicy, try object(Sample.policy("b")))
        let before = collection.snapshot().policies
        collection.put(.clusterPolicy, try object(Sample.policy("a", spec: broken), generation: 2))
        #expect(standings(collection) == [.lastGoodInForce, .inForce])
        #expect(zip(before, collection.snapshot().policies).allSatisfy { $0 === $1 })
        let summary = try #require(collection.outcomes.first?.summary)
        #expect(
            summary
                == #"spec.applyRules: "Some" is none of All, One; until that is mended, the version before stays in force"#
        )
        #expect(collection.outcomes.map(\.isHonoured) == [false, true])

        collection.put(.clusterPolicy, try object(Sample.policy("a"), generation: 3))
        #expect(standings(collection) == [.inForce, .inForce])
    }

    @Test("Another object of the same name has no last good version")
    func recreated() throws {
        var collection = PolicyCollection()
        collection.put(.clusterPolicy, try object(Sample.policy("a")))
        collection.replaceAll(.clusterPolicy, with: [try object(Sample.policy("a", spec: broken), uid: "2")])
        #expect(standings(collection) == [.refusing])
        collection.put(.clusterPolicy, try object(Sample.policy("a"), uid: "2"))
        collection.remove(PolicyID(.clusterPolicy, "a"))
        collection.put(.clusterPolicy, try object(Sample.policy("a", spec: broken), uid: "2"))
        #expect(standings(collection) == [.refusing])
    }

    @Test("One that had nothing to say about images is no good version to fall back to")
    func noImageRules() throws {
        var collection = PolicyCollection()
        let other = Sample.policy("a", rules: #"[{"name":"r","match":{},"validate":{"message":"m"}}]"#)
        collection.put(.clusterPolicy, try object(other))
        #expect(standings(collection) == [.nothingToEnforce])
        #expect(names(collection) == [])
        #expect(collection.outcomes.first?.summary == "has no verifyImages rules and is skipped")
        collection.put(.clusterPolicy, try object(Sample.policy("a", spec: broken), generation: 2))
        #expect(standings(collection) == [.refusing])
    }

    @Test("A file counts before an object of the same name")
    func files() throws {
        var collection = PolicyCollection()
        var hasChanged: Bool
        let file = PolicyLoader.load(documents: [("a.yaml", try Document(Sample.policy("a")))])
        hasChanged = collection.use(file)
        #expect(hasChanged)
        collection.put(.clusterPolicy, try object(Sample.policy("a", spec: #""emitWarning":true"#)))
        collection.put(.clusterPolicy, try object(Sample.policy("b")))
        let namespaced = Sample.policy("a", kind: "Policy", metadata: #""namespace":"shop""#)
        collection.put(.policy, try object(namespaced))
        #expect(names(collection) == ["a", "b", "shop/a"])
        #expect(collection.snapshot().policies[0] === file.snapshot?.policies[0])
        #expect(standings(collection) == [.givenInFile("a.yaml"), .inForce, .inForce])
        #expect(collection.outcomes[0].summary.contains("a.yaml"))

        // A set of files with problems leaves the last good one in place.
        let bad = PolicyLoader.load(documents: [("a.yaml", try Document(Sample.policy("a", spec: broken)))])
        hasChanged = collection.use(bad)
        #expect(!hasChanged)
        #expect(standings(collection)[0] == .givenInFile("a.yaml"))
        // Without the file, the object counts at once.
        collection.use(PolicyLoader.load(documents: []))
        #expect(standings(collection)[0] == .inForce)
        #expect(collection.snapshot().policies[0].emitsWarnings)
    }

    private func exception(_ policy: String = "a", spec: String = "") -> String {
        #"""
        {"apiVersion":"kyverno.io/v2","kind":"PolicyException","metadata":{"name":"e","namespace":"n"},
         "spec":{"exceptions":[{"policyName":"\#(policy)","ruleNames":["*"]}],
         "match":{"any":[{"resources":{"kinds":["Pod"],"names":["let-*"]}}]}\#(spec)}}
        """#
    }

    @Test("Exceptions count where they are asked for, and a broken one excepts nothing")
    func exceptions() throws {
        var deaf = PolicyCollection()
        deaf.put(.exception, try object(exception()))
        #expect(standings(deaf) == [.ignored])
        #expect(deaf.snapshot().exceptions == [])

        var collection = PolicyCollection(honoursExceptions: true)
        collection.put(.clusterPolicy, try object(Sample.policy("a")))
        collection.put(.exception, try object(exception()))
        #expect(collection.snapshot().exceptions.map(\.qualifiedName) == ["n/e"])
        let pod = ResourceAttributes(operation: .create, kind: "Pod", name: "let-me")
        #expect(collection.snapshot().applicableRules(to: pod).map(\.exception) == ["n/e"])
        collection.put(.exception, try object(exception(spec: #","expiresAt":"x""#), generation: 2))
        #expect(standings(collection) == [.inForce, .withoutEffect])
        #expect(collection.snapshot().applicableRules(to: pod).map(\.exception) == [nil])
    }

    @Test("An exception that a file holds as well counts once, as the file has it")
    func exceptionInFileAndObject() throws {
        let file = PolicyLoader.load(
            documents: [("e.yaml", try Document(exception())), ("a.yaml", try Document(Sample.policy("a")))],
            honoursExceptions: true)
        var collection = PolicyCollection(honoursExceptions: true)
        collection.use(file)
        collection.put(.exception, try object(exception(spec: #","background":true"#)))
        #expect(standings(collection) == [.givenInFile("e.yaml")])
        #expect(collection.snapshot().exceptions == file.snapshot?.exceptions)
        // Without the file the object counts.
        collection.use(PolicyLoader.load(documents: []))
        #expect(standings(collection) == [.inForce])
        #expect(collection.snapshot().exceptions.count == 1)
    }

    @Test("One that is in force says what of it is passed over")
    func notes() throws {
        var collection = PolicyCollection(unseenNamespaces: ["kube-system"])
        let other = #"{"name":"r","match":{},"validate":{"message":"m"}}"#
        collection.put(.clusterPolicy, try object(Sample.policy("a", rules: "[\(Sample.rule()),\(other)]")))
        #expect(
            collection.outcomes.map(\.summary) == [
                "in force; spec.rules[1]: rule r has no verifyImages and is skipped"
            ])
        let many = (0..<8).map { other.replacing(#""r""#, with: #""r\#($0)""#) }.joined(separator: ",")
        collection.put(.clusterPolicy, try object(Sample.policy("a", rules: "[\(Sample.rule()),\(many)]")))
        #expect(collection.outcomes.first?.summary.hasSuffix("; and 3 more") == true)

        // One of a namespace that nobody is asked about.
        collection.replaceAll(.clusterPolicy, with: [])
        for namespace in ["kube-system", "shop"] {
            let text = Sample.policy("a", kind: "Policy", metadata: #""namespace":"\#(namespace)""#)
            collection.put(.policy, try object(text))
        }
        #expect(
            collection.outcomes.map(\.summary) == [
                "in force; is asked about nothing, since the webhooks leave out the namespace kube-system", "in force",
            ])
        #expect(collection.outcomes.map(\.isHonoured) == [true, true])
    }

    @Test("One that is too deep to be read fails every Pod, and says why")
    func tooDeep() throws {
        var collection = PolicyCollection()
        let stub = #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"a"}}"#
        collection.put(.clusterPolicy, try object(stub))
        #expect(standings(collection) == [.refusing])
        #expect(
            collection.outcomes.first?.problems.map(\.sentence) == [
                "is nested more than 128 levels deep, and cannot be read"
            ])
        let pod = ResourceAttributes(operation: .create, kind: "Pod", namespace: "shop", name: "x")
        let rules = collection.snapshot().applicableRules(to: pod)
        #expect(rules.map(\.enforces) == [true])
        #expect(rules.map { $0.failure?.description.contains("128 levels") } == [true])
        // A readable version is what stays, where there was one.
        collection.put(.clusterPolicy, try object(Sample.policy("b")))
        collection.put(.clusterPolicy, try object(stub.replacing(#""a""#, with: #""b""#), generation: 2))
        #expect(standings(collection) == [.refusing, .lastGoodInForce])
        // A Policy speaks for its namespace alone.
        let namespaced = #"{"apiVersion":"kyverno.io/v1","kind":"Policy","metadata":{"name":"a","namespace":"other"}}"#
        collection = PolicyCollection()
        collection.put(.policy, try object(namespaced))
        #expect(collection.snapshot().applicableRules(to: pod).isEmpty)
    }

    @Test("An object that says nothing of its kind is what its list is of; one without a name is none")
    func defaults() throws {
        var collection = PolicyCollection()
        var hasChanged: Bool
        let bare = #"{"metadata":{"name":"c"},"spec":{"rules":[\#(Sample.rule())]}}"#
        hasChanged = collection.put(.clusterPolicy, try Document(bare).root)
        #expect(hasChanged)
        #expect(standings(collection) == [.inForce])
        hasChanged = collection.put(.clusterPolicy, try Document(#"{"metadata":{}}"#).root)
        #expect(!hasChanged)
        collection.put(.clusterPolicy, try Document(#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#).root)
        #expect(collection.outcomes.map(\.summary) == ["in force", "is no ClusterPolicy"])
    }

    @Test("A namespaced Policy covers the objects of its namespace, and nothing else")
    func namespaced() throws {
        var collection = PolicyCollection()
        for spec in ["", broken] {
            let text = Sample.policy("a", kind: "Policy", metadata: #""namespace":"shop""#, spec: spec)
            collection.replaceAll(.policy, with: [])
            collection.put(.policy, try object(text))
            func applies(_ kind: String, _ namespace: String) -> Bool {
                let resource = ResourceAttributes(operation: .create, kind: kind, namespace: namespace, name: "x")
                return !collection.snapshot().applicableRules(to: resource).isEmpty
            }
            #expect(applies("Pod", "shop") && applies("Deployment", "shop"))
            #expect(!applies("Pod", "shop2") && !applies("Pod", ""))
        }
    }
}
