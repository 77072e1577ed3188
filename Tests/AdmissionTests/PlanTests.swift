import OCI
import Policy
import Testing

@testable import Admission

@Suite("The plan")
struct PlanTests {
    @Test("An image under one rule is one check; an image of no rule is none")
    func checks() throws {
        let policies = try Samples.snapshot(Samples.policy())
        let request = try Samples.review(["registry.test/a:1", "other.test/b:1", "registry.test/a:1"])
        let plan = Plan(request, phase: .mutate, policies: policies)
        #expect(plan.checks.map(\.reference.original) == ["registry.test/a:1"])
        #expect(plan.checks.first?.pinned == true)
        #expect(plan.rules.map(\.rule.name) == ["check-image"])
        #expect(plan.rules.first?.items.count == 2)
    }

    @Test("Two requirements for one image are two checks; the same one twice is one")
    func distinct() throws {
        let policies = try Samples.snapshot(
            Samples.policy("a"), Samples.policy("b"), Samples.policy("c", key: Samples.otherKey))
        let plan = Plan(try Samples.review(["registry.test/a:1"]), phase: .mutate, policies: policies)
        #expect(plan.rules.count == 3)
        #expect(plan.checks.count == 2)
    }

    @Test("A tag may be taken from memory only where the digest is then written")
    func pinned() throws {
        let mutating = try Samples.snapshot(Samples.policy())
        let leaving = try Samples.snapshot(Samples.policy(entry: ["mutateDigest: false", "verifyDigest: false"]))
        let request = try Samples.review(["registry.test/a:1"])
        #expect(Plan(request, phase: .mutate, policies: mutating).checks.map(\.pinned) == [true])
        #expect(Plan(request, phase: .validate, policies: mutating).checks.map(\.pinned) == [false])
        #expect(Plan(request, phase: .mutate, policies: leaving).checks.map(\.pinned) == [false])
    }

    @Test("Nothing is asked at a DELETE, or about an object that is already being deleted")
    func deletion() throws {
        let policies = try Samples.snapshot(Samples.policy())
        let deleted = try Samples.review(["registry.test/a:1"], operation: "DELETE")
        #expect(Plan(deleted, phase: .validate, policies: policies).rules.isEmpty)
        let ending = try Samples.review(
            ["registry.test/a:1"], operation: "UPDATE",
            oldObject: #"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}}"#)
        #expect(Plan(ending, phase: .validate, policies: policies).rules.isEmpty)
        let living = try Samples.review(
            ["registry.test/a:1"], operation: "UPDATE", oldObject: #"{"metadata":{"deletionTimestamp":null}}"#)
        #expect(Plan(living, phase: .validate, policies: policies).rules.count == 1)
    }

    @Test("A Deployment is looked at through autogen")
    func autogen() throws {
        let policies = try Samples.snapshot(Samples.policy())
        let plan = Plan(
            try Samples.review(["registry.test/a:1"], kind: "Deployment"), phase: .mutate, policies: policies)
        #expect(plan.rules.map(\.rule.name) == ["autogen-check-image"])
    }

    @Test("An image that is no reference is carried along, and hides no other")
    func unparsable() throws {
        let policies = try Samples.snapshot(Samples.policy())
        let plan = Plan(
            try Samples.review(["registry.test/UPPER", "registry.test/a:1"]), phase: .mutate, policies: policies)
        #expect(plan.rules.first?.items.count == 2)
        #expect(plan.checks.count == 1)
    }

    @Test("A skipped image is not checked")
    func skipped() throws {
        let policies = try Samples.snapshot(
            Samples.policy(entry: [#"skipImageReferences: ["registry.test/skip:*"]"#]))
        let plan = Plan(try Samples.review(["registry.test/skip:1"]), phase: .mutate, policies: policies)
        #expect(plan.checks.isEmpty)
        #expect(plan.rules.first?.items.count == 1)
    }
}
