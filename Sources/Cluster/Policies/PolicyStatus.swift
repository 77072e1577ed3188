import JSON
import Policy

/// One item of `status.conditions`.
///
/// Source: Kubernetes `meta/v1`, Condition.
struct StatusCondition: Sendable, Hashable {
    /// Whether what the policy says is what happens.
    static let ready = "Ready"

    var isTrue: Bool
    var reason: String
    var message: String
    /// The generation of the object that the condition is about; 0 where it is not said.
    var observedGeneration: Int

    init(isTrue: Bool, reason: String, message: String, observedGeneration: Int) {
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
        self.observedGeneration = observedGeneration
    }

    /// Why a policy is ready or not, in one word.
    private enum Reason: String, CaseIterable {
        case inForce = "InForce"
        case noImageRules = "NoImageRules"
        case lastGoodInForce = "InvalidLastGoodInForce"
        case refusing = "InvalidRefusing"
        case invalid = "Invalid"
        case givenInFile = "GivenInFile"
    }

    private static let reasons = Set(Reason.allCases.map(\.rawValue))

    /// Whether it was written by a server of ours.
    var isOurs: Bool { Self.reasons.contains(reason) }

    /// Longest message that is written; the definitions allow 32768 characters.
    private static let maximumMessageLength = 4096

    /// What has to be said of an object.
    init(_ outcome: PolicyOutcome) {
        let reason: Reason =
            switch outcome.standing {
            case .inForce: .inForce
            case .nothingToEnforce: .noImageRules
            case .lastGoodInForce: .lastGoodInForce
            case .refusing: .refusing
            case .withoutEffect, .ignored: .invalid
            case .givenInFile: .givenInFile
            }
        self.init(
            isTrue: outcome.isHonoured, reason: reason.rawValue,
            message: String(outcome.summary.prefix(Self.maximumMessageLength)), observedGeneration: outcome.generation)
    }
}

/// What an object says of itself, as it was last seen.
struct SeenStatus: Sendable {
    /// The condition of type `Ready`.
    let ready: StatusCondition?
    /// When its status last changed, as it is written.
    let transitionTime: String?
    /// The other conditions, each as it is written.
    let others: [[UInt8]]
    let ruleCount: RuleCount

    /// How many rules there are of each sort, which `kubectl get -o wide` shows.
    struct RuleCount: Sendable, Hashable {
        var validate = 0
        var mutate = 0
        var generate = 0
        var verifyImages = 0
    }

    init(_ object: Value) {
        let conditions = object["status"]?["conditions"].map { Array($0.elements) } ?? []
        let ready = conditions.first { $0["type"]?.string == StatusCondition.ready }
        self.ready = ready.map { condition in
            StatusCondition(
                isTrue: condition["status"]?.string == "True", reason: condition["reason"]?.string ?? "",
                message: condition["message"]?.string ?? "",
                observedGeneration: condition["observedGeneration"]?.integer ?? 0)
        }
        transitionTime = ready?["lastTransitionTime"]?.string
        others = conditions.filter { $0["type"]?.string != StatusCondition.ready }.map(\.source)
        var count = RuleCount()
        for rule in object["spec"]?["rules"].map({ Array($0.elements) }) ?? [] {
            func has(_ field: String) -> Bool { (rule[field]?.count ?? 0) > 0 }
            if has("validate") { count.validate += 1 }
            if has("mutate") { count.mutate += 1 }
            if has("generate") { count.generate += 1 }
            if has("verifyImages") { count.verifyImages += 1 }
        }
        ruleCount = count
    }
}

/// What the status of one policy says, and what it has to say.
struct PolicyStatus: Sendable {
    let id: PolicyID
    let uid: String
    let wanted: StatusCondition
    let seen: SeenStatus
    /// Whether the policy has image rules at all; without, it is the business of somebody else.
    private let isOurBusiness: Bool

    /// Nil for what has no status.
    init?(_ outcome: PolicyOutcome, seen: SeenStatus?) {
        guard let seen, outcome.id.kind != .exception else { return nil }
        id = outcome.id
        uid = outcome.uid
        wanted = StatusCondition(outcome)
        isOurBusiness = outcome.standing != .nothingToEnforce
        self.seen = seen
    }

    /// Whether it says something else than it has to.
    var isDue: Bool {
        guard let ready = seen.ready else { return true }
        guard ready != wanted else { return false }
        // Another controller works with the same policies, Kyverno's own: nothing has to be added where it says that
        // all is well, and so it is, and nothing to what it says of policies that are its business alone.
        return ready.isOurs || !wanted.isTrue || (isOurBusiness && !ready.isTrue)
    }

    /// Whether another controller writes statuses too.
    private var isShared: Bool { seen.ready?.isOurs == false }

    /// The object's status for a server-side apply.
    func body(time: String) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string(id.kind.resource.apiVersion)
        writer.key("kind")
        writer.string(id.kind.rawValue)
        writer.key("metadata")
        writer.beginObject()
        writer.key("name")
        writer.string(id.name)
        if let namespace = id.namespace {
            writer.key("namespace")
            writer.string(namespace)
        }
        // Another object of the same name is another policy.
        if !uid.isEmpty {
            writer.key("uid")
            writer.string(uid)
        }
        writer.endObject()
        writer.key("status")
        writer.beginObject()
        writer.key("ready")
        writer.boolean(wanted.isTrue)
        writer.key("conditions")
        writer.beginArray()
        for condition in seen.others { writer.raw(condition) }
        write(wanted, time: time, to: &writer)
        writer.endArray()
        // What another controller counts is not ours to claim.
        if !isShared { write(seen.ruleCount, to: &writer) }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private func write(_ count: SeenStatus.RuleCount, to writer: inout Writer) {
        writer.key("rulecount")
        writer.beginObject()
        for (key, count) in [
            ("validate", count.validate), ("mutate", count.mutate), ("generate", count.generate),
            ("verifyimages", count.verifyImages),
        ] {
            writer.key(key)
            writer.integer(count)
        }
        writer.endObject()
    }

    private func write(_ condition: StatusCondition, time: String, to writer: inout Writer) {
        let isSameStatus = seen.ready?.isTrue == condition.isTrue
        writer.beginObject()
        for (key, text) in [
            ("type", StatusCondition.ready), ("status", condition.isTrue ? "True" : "False"),
            ("reason", condition.reason), ("message", condition.message),
            ("lastTransitionTime", isSameStatus ? seen.transitionTime ?? time : time),
        ] {
            writer.key(key)
            writer.string(text)
        }
        writer.key("observedGeneration")
        writer.integer(condition.observedGeneration)
        writer.endObject()
    }
}
