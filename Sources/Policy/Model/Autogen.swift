import JSON

/// Makes rules for the kinds that hold pod templates out of a policy's rules for Pods.
///
/// Whether it happens is decided for the whole policy, image rules or not.
///
/// Source: spec/verify-images.md, "Autogen".
struct Autogen: Sendable, Hashable {
    /// The kinds with a pod template in `spec.template`, in the order that rules name them.
    static let templateKinds = [
        "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job",
    ]
    static let cronJob = "CronJob"
    /// `none`, `all`, or some of the kinds with commas between.
    static let annotation = "pod-policies.kyverno.io/autogen-controllers"

    /// The kinds that rules for Pods are made for.
    var kinds: Set<String>

    static let everyKind = Autogen(kinds: Set(templateKinds + [cronJob]))
    static let none = Autogen(kinds: [])

    init(kinds: Set<String>) { self.kinds = kinds }

    /// Decides for a policy with these rules and this value of ``annotation``.
    ///
    /// - Throws: the item of the annotation that is no such kind.
    init(rules: [Value], annotation: String?) throws(UnknownController) {
        var wanted = Self.everyKind.kinds
        if let annotation, !annotation.isEmpty {
            wanted = []
            for item in annotation.split(separator: ",") {
                let item = item.drop(while: { $0 == " " })
                let kind = String(item.prefix(while: { $0 != " " }))
                switch kind {
                case "none": continue
                case "all": wanted = Self.everyKind.kinds
                case _ where Self.everyKind.kinds.contains(kind): wanted.insert(kind)
                default: throw UnknownController(text: kind)
                }
            }
        }
        kinds = Self.isPossible(for: rules) ? wanted : []
    }

    struct UnknownController: Error, Hashable {
        let text: String
    }

    /// Whether nothing in the rules' match and exclude is about Pods alone.
    private static func isPossible(for rules: [Value]) -> Bool {
        var namesPods = false
        for rule in rules {
            for block in [rule["match"], rule["exclude"]] {
                guard let block else { continue }
                var filters = [block]
                filters += block["any"].map { Array($0.elements) } ?? []
                filters += block["all"].map { Array($0.elements) } ?? []
                for filter in filters {
                    guard let resources = filter["resources"] else { continue }
                    // Names, labels and annotations of Pods are not those of what makes them.
                    for field in ["name", "names", "selector", "annotations"] {
                        if let value = resources[field], !isAbsent(value) { return false }
                    }
                    let kinds = resources["kinds"].map { Array($0.elements) } ?? []
                    let hasPod = kinds.contains { $0.equals("Pod") }
                    if hasPod && kinds.count > 1 { return false }
                    // `v1/Pod` is the way to mean Pods alone.
                    namesPods = namesPods || hasPod
                }
            }
        }
        return namesPods
    }

    private static func isAbsent(_ value: Value) -> Bool {
        value.isNull || value.equals("") || (value.kind == .array && value.count == 0)
    }

    /// The rules that are made of `rule`: none when it is not about Pods.
    ///
    /// - Parameter bodies: what the rule says about the Pods inside templates, where that differs.
    func rules(from rule: ImageRule, bodies: [PodTemplate: RuleBody] = [:]) -> [ImageRule] {
        guard rule.match.filters.contains(where: Self.isAboutPods) else { return [] }
        var made: [ImageRule] = []
        let templates = Self.templateKinds.filter(kinds.contains)
        if !templates.isEmpty { made.append(Self.rule("autogen-", rule, templates, bodies[.controller])) }
        if kinds.contains(Self.cronJob) {
            made.append(Self.rule("autogen-cronjob-", rule, [Self.cronJob], bodies[.cronJob]))
        }
        return made
    }

    private static func rule(
        _ prefix: String, _ rule: ImageRule, _ kinds: [String], _ body: RuleBody?
    ) -> ImageRule {
        var match = rule.match
        match.filters = replacingPods(in: rule.match.filters, by: kinds)
        // Of several filters that may match, those about other kinds are the written rule's business.
        if rule.match.combination == .any {
            match.filters = zip(rule.match.filters, match.filters).filter { isAboutPods($0.0) }.map(\.1)
        }
        var exclude = rule.exclude
        exclude.filters = replacingPods(in: rule.exclude.filters, by: kinds)
        return ImageRule(rule, name: prefix + rule.name, match: match, exclude: exclude, body: body)
    }

    private static func replacingPods(in filters: [ResourceFilter], by kinds: [String]) -> [ResourceFilter] {
        filters.map { filter in
            guard isAboutPods(filter) else { return filter }
            var replaced = filter
            replaced.kinds = kinds.map(KindSelector.init(kind:))
            return replaced
        }
    }

    private static func isAboutPods(_ filter: ResourceFilter) -> Bool { filter.kinds.contains { $0.text == "Pod" } }
}
