import JSON

@testable import Policy

/// The clauses that look at labels, annotations, users and the cluster, each alone and with others.
extension MatchTests {
    private static let labelled = #"{"metadata":{"labels":{"app":"web","team":"blue","tier":""}}}"#
    private static let annotated = #"{"metadata":{"annotations":{"example.com/owner":"blue","note":"a b"}}}"#
    private static let bare = #"{"metadata":{}}"#

    private static func selector(_ text: String) -> String { any(resources(#""selector":\#(text)"#)) }
    private static func labels(_ text: String) -> String { selector(#"{"matchLabels":{\#(text)}}"#) }
    private static func expression(_ text: String) -> String { selector(#"{"matchExpressions":[{\#(text)}]}"#) }
    private static func annotations(_ text: String) -> String { any(resources(#""annotations":{\#(text)}"#)) }
    private static func namespaceSelector(_ text: String) -> String {
        any(resources(#""namespaceSelector":\#(text)"#))
    }
    private static func subjects(_ kind: String, _ name: String, _ namespace: String? = nil) -> String {
        let namespace = namespace.map { #","namespace":"\#($0)""# } ?? ""
        return #"{"subjects":[{"kind":"\#(kind)","name":"\#(name)"\#(namespace)}]}"#
    }

    private static let ann = UserInfo(username: "ann", groups: ["dev", "system:authenticated"])
    private static let robot = UserInfo(
        username: "system:serviceaccount:ci:robot", groups: ["system:serviceaccounts", "system:serviceaccounts:ci"])

    private static func namespace(_ labels: [String: String]) -> RequestFacts {
        RequestFacts(namespaceLabels: .success(labels))
    }
    private static func bound(_ roles: Set<String> = [], _ clusterRoles: Set<String> = []) -> RequestFacts {
        RequestFacts(roles: .success(UserRoles(roles: roles, clusterRoles: clusterRoles)))
    }
    private static let failure = FactFailure(.unavailable, "the cluster", "it does not answer")
    private static let nobodyKnows = RequestFacts(namespaceLabels: .failure(failure), roles: .failure(failure))

    private static func namespaceObject(_ name: String, labels: String) -> ResourceAttributes {
        var object = pod(name, object: #"{"metadata":{"labels":{\#(labels)}}}"#)
        object.kind = "Namespace"
        object.namespace = name
        return object
    }

    /// Each clause alone.
    static let clauses: [Row] = [
        // selector, matchLabels
        Row(labels(#""app":"web""#), pod(object: labelled), true),
        Row(labels(#""app":"web""#), pod(object: bare), false),
        Row(labels(#""app":"web""#), pod(object: #"{"metadata":{"labels":null}}"#), false),
        Row(labels(#""app":"web""#), pod(), false),
        Row(labels(#""app":"web""#), pod(object: #"{"metadata":{"labels":{"app":1}}}"#), false),
        Row(labels(#""app":"api""#), pod(object: labelled), false),
        Row(labels(#""app":"web","team":"blue""#), pod(object: labelled), true),
        Row(labels(#""app":"web","team":"red""#), pod(object: labelled), false),
        Row(labels(#""app":"w?b""#), pod(object: labelled), true),
        Row(labels(#""app":"*""#), pod(object: labelled), true),
        Row(labels(#""app":"*""#), pod(object: bare), false),
        Row(labels(#""a*":"web""#), pod(object: labelled), true),
        Row(labels(#""a*":"blue""#), pod(object: labelled), false),
        Row(labels(#""t*":"blue""#), pod(object: labelled), true),
        Row(labels(#""*":"*""#), pod(object: bare), false),
        Row(labels(#""tier":"""#), pod(object: labelled), true),
        Row(labels(#""none":"""#), pod(object: labelled), false),
        Row(labels(#""App":"web""#), pod(object: labelled), false),
        // An escaped letter is the letter.
        Row(labels(#""app":"web""#), pod(object: #"{"metadata":{"labels":{"\u0061pp":"we\u0062"}}}"#), true),
        // selector, matchExpressions
        Row(expression(#""key":"app","operator":"In","values":["api","web"]"#), pod(object: labelled), true),
        Row(expression(#""key":"app","operator":"In","values":["api"]"#), pod(object: labelled), false),
        Row(expression(#""key":"app","operator":"In","values":["api"]"#), pod(object: bare), false),
        Row(expression(#""key":"tier","operator":"In","values":[""]"#), pod(object: labelled), true),
        Row(expression(#""key":"app","operator":"NotIn","values":["api"]"#), pod(object: labelled), true),
        Row(expression(#""key":"app","operator":"NotIn","values":["web"]"#), pod(object: labelled), false),
        Row(expression(#""key":"app","operator":"NotIn","values":["web"]"#), pod(object: bare), true),
        Row(expression(#""key":"app","operator":"Exists""#), pod(object: labelled), true),
        Row(expression(#""key":"app","operator":"Exists""#), pod(object: bare), false),
        Row(expression(#""key":"tier","operator":"Exists""#), pod(object: labelled), true),
        Row(expression(#""key":"app","operator":"DoesNotExist""#), pod(object: bare), true),
        Row(expression(#""key":"app","operator":"DoesNotExist""#), pod(object: labelled), false),
        // An empty selector is one that any object satisfies.
        Row(selector("{}"), pod(object: bare), true),
        // annotations
        Row(annotations(#""example.com/owner":"blue""#), pod(object: annotated), true),
        Row(annotations(#""example.com/owner":"red""#), pod(object: annotated), false),
        Row(annotations(#""example.com/owner":"blue""#), pod(object: bare), false),
        Row(annotations(#""example.com/*":"b*""#), pod(object: annotated), true),
        Row(annotations(#""note":"a?b""#), pod(object: annotated), true),
        Row(annotations(#""note":"a b","example.com/owner":"blue""#), pod(object: annotated), true),
        Row(annotations(#""note":"a b","other":"*""#), pod(object: annotated), false),
        // namespaceSelector
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(), true, facts: namespace(["env": "prod"])),
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(), false, facts: namespace(["env": "dev"])),
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(), false, facts: namespace([:])),
        Row(namespaceSelector(#"{"matchLabels":{"e*":"p*"}}"#), pod(), true, facts: namespace(["env": "prod"])),
        Row(namespaceSelector("{}"), pod(), true, facts: namespace([:])),
        Row(
            namespaceSelector(#"{"matchExpressions":[{"key":"env","operator":"DoesNotExist"}]}"#), pod(), true,
            facts: namespace([:])),
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(), nil, facts: nobodyKnows),
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(), nil),
        // The labels of the object itself are not those of its namespace.
        Row(namespaceSelector(#"{"matchLabels":{"app":"web"}}"#), pod(object: labelled), false, facts: namespace([:])),
        // A Namespace has its own, and nobody has to be asked; an object of the cluster has none.
        Row(
            namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), namespaceObject("prod", labels: #""env":"prod""#),
            true),
        Row(
            namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), namespaceObject("prod", labels: #""env":"dev""#),
            false),
        Row(namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#), pod(namespace: ""), false),
        Row(
            namespaceSelector(#"{"matchExpressions":[{"key":"env","operator":"NotIn","values":["dev"]}]}"#),
            pod(namespace: ""), true),
        // subjects
        Row(any(subjects("User", "ann")), pod(user: ann), true),
        Row(any(subjects("User", "bob")), pod(user: ann), false),
        Row(any(subjects("User", "a*")), pod(user: ann), true),
        Row(any(subjects("User", "dev")), pod(user: ann), false),
        Row(any(subjects("Group", "dev")), pod(user: ann), true),
        Row(any(subjects("Group", "system:*")), pod(user: ann), true),
        Row(any(subjects("Group", "ops")), pod(user: ann), false),
        Row(any(subjects("Group", "ann")), pod(user: ann), false),
        Row(any(subjects("Group", "*")), pod(), false),
        Row(any(subjects("ServiceAccount", "robot", "ci")), pod(user: robot), true),
        Row(any(subjects("ServiceAccount", "robot", "cd")), pod(user: robot), false),
        Row(any(subjects("ServiceAccount", "rob*", "c?")), pod(user: robot), true),
        Row(any(subjects("ServiceAccount", "robot", "ci")), pod(user: ann), false),
        Row(any(subjects("User", "system:serviceaccount:ci:robot")), pod(user: robot), true),
        Row(
            any(#"{"subjects":[{"kind":"User","name":"bob"},{"kind":"Group","name":"dev"}]}"#), pod(user: ann), true),
        // roles and clusterRoles
        Row(any(#"{"roles":["prod:admin"]}"#), pod(), true, facts: bound(["prod:admin"])),
        Row(any(#"{"roles":["prod:admin","dev:admin"]}"#), pod(), true, facts: bound(["dev:admin"])),
        Row(any(#"{"roles":["prod:admin"]}"#), pod(), false, facts: bound(["dev:admin"], ["admin"])),
        Row(any(#"{"roles":["prod:admin"]}"#), pod(), false, facts: bound()),
        Row(any(#"{"roles":["prod:admin"]}"#), pod(), nil, facts: nobodyKnows),
        Row(any(#"{"clusterRoles":["admin"]}"#), pod(), true, facts: bound([], ["admin", "view"])),
        Row(any(#"{"clusterRoles":["admin"]}"#), pod(), false, facts: bound(["prod:admin"], [])),
        Row(any(#"{"clusterRoles":["admin"]}"#), pod(), nil),
    ]

    /// Each pair of clauses that interacts.
    static let pairs: [Row] = [
        // Everything in a filter must hold, across resources, users and roles.
        Row(any(resources(#"\#(pods),"selector":{"matchLabels":{"app":"web"}}"#)), pod(object: labelled), true),
        Row(
            any(resources(#""kinds":["Job"],"selector":{"matchLabels":{"app":"web"}}"#)), pod(object: labelled), false),
        Row(
            any(resources(#""names":["web"],"selector":{"matchLabels":{"app":"api"}}"#)), pod(object: labelled), false),
        Row(
            any(resources(#""annotations":{"note":"*"},"selector":{"matchLabels":{"app":"web"}}"#)),
            pod(object: labelled), false),
        Row(
            any(resources(#""namespaces":["prod"],"namespaceSelector":{"matchLabels":{"env":"prod"}}"#)), pod(), true,
            facts: namespace(["env": "prod"])),
        Row(
            any(resources(#""namespaces":["prod"],"namespaceSelector":{"matchLabels":{"env":"prod"}}"#)), pod(), false,
            facts: namespace(["env": "dev"])),
        Row(any(#"{"resources":{\#(pods)},\#(subjects("User", "ann").dropFirst())"#), pod(user: ann), true),
        Row(any(#"{"resources":{\#(pods)},\#(subjects("User", "bob").dropFirst())"#), pod(user: ann), false),
        Row(
            any(#"{"resources":{"kinds":["Job"]},\#(subjects("User", "ann").dropFirst())"#), pod(user: ann), false),
        Row(
            any(#"{"roles":["prod:admin"],"clusterRoles":["view"]}"#), pod(), false, facts: bound(["prod:admin"], [])),
        Row(
            any(#"{"roles":["prod:admin"],"clusterRoles":["view"]}"#), pod(), true,
            facts: bound(["prod:admin"], ["view"])),
        Row(
            any(#"{"roles":["prod:admin"],\#(subjects("User", "bob").dropFirst())"#), pod(user: ann), false,
            facts: bound(["prod:admin"])),
        // What the request settles needs no fact: nothing is asked, and a fact that is missing does not matter.
        Row(
            any(resources(#""kinds":["Job"],"namespaceSelector":{"matchLabels":{"env":"prod"}}"#)), pod(), false,
            facts: nobodyKnows),
        Row(any(#"{"resources":{"kinds":["Job"]},"roles":["a:b"]}"#), pod(), false),
        Row(any(#"{"clusterRoles":["a"],\#(subjects("User", "bob").dropFirst())"#), pod(user: ann), false),
        Row(
            any(resources(pods), resources(#""namespaceSelector":{"matchLabels":{"env":"prod"}}"#)), pod(), true,
            facts: nobodyKnows),
        Row(
            all(resources(#""kinds":["Job"]"#), resources(#""namespaceSelector":{}"#)), pod(), false,
            facts: nobodyKnows),
        Row(all(resources(pods), resources(#""namespaceSelector":{}"#)), pod(), nil, facts: nobodyKnows),
        // One fact that is there decides, whatever became of the other.
        Row(
            any(#"{"resources":{"namespaceSelector":{"matchLabels":{"env":"prod"}}},"roles":["a:b"]}"#), pod(), false,
            facts: RequestFacts(namespaceLabels: .success([:]), roles: .failure(failure))),
        Row(
            any(#"{"resources":{"namespaceSelector":{"matchLabels":{"env":"prod"}}},"roles":["a:b"]}"#), pod(), nil,
            facts: RequestFacts(namespaceLabels: .success(["env": "prod"]), roles: .failure(failure))),
        // Without a name, generateName; labels as ever.
        Row(
            any(resources(#""names":["web-*"],"selector":{"matchLabels":{"app":"web"}}"#)),
            pod("", generateName: "web-", object: labelled), true),
        // Subresources and operations with labels and users.
        Row(
            any(resources(#"\#(pods),"selector":{"matchLabels":{"app":"web"}}"#)),
            pod(subresource: "ephemeralcontainers", object: labelled), true),
        Row(
            any(resources(#"\#(pods),"selector":{"matchLabels":{"app":"web"}}"#)),
            pod(subresource: "status", object: labelled), false),
        Row(
            any(resources(#""operations":["UPDATE"],"selector":{"matchLabels":{"app":"web"}}"#)),
            pod(object: labelled), false),
        Row(any(subjects("User", "ann")), pod(operation: .connect, user: ann), false),
        Row(any(subjects("User", "ann")), pod(operation: .delete, user: ann), false),
        Row(labels(#""app":"web""#), pod(operation: .delete, object: labelled), false),
    ]

    /// Exclusion, and what an UPDATE changes.
    static let combinations: [Row] = [
        Row(any(resources(pods)), exclude: labels(#""app":"web""#), pod(object: labelled), false),
        Row(any(resources(pods)), exclude: labels(#""app":"api""#), pod(object: labelled), true),
        Row(any(resources(pods)), exclude: labels(#""app":"web""#), pod(object: bare), true),
        Row(any(resources(pods)), exclude: annotations(#""note":"*""#), pod(object: annotated), false),
        Row(any(resources(pods)), exclude: selector("{}"), pod(object: bare), false),
        Row(any(resources(pods)), exclude: any(subjects("User", "ann")), pod(user: ann), false),
        Row(any(resources(pods)), exclude: any(subjects("User", "ann")), pod(user: robot), true),
        Row(any(resources(pods)), exclude: subjects("Group", "dev"), pod(user: ann), false),
        Row(
            any(resources(pods)), exclude: any(#"{"clusterRoles":["cluster-admin"]}"#), pod(), false,
            facts: bound([], ["cluster-admin"])),
        Row(any(resources(pods)), exclude: any(#"{"clusterRoles":["cluster-admin"]}"#), pod(), true, facts: bound()),
        // Whether it is left out cannot be told: an error, not a way round the rule.
        Row(any(resources(pods)), exclude: any(#"{"clusterRoles":["admin"]}"#), pod(), nil, facts: nobodyKnows),
        Row(any(resources(pods)), exclude: namespaceSelector("{}"), pod(), nil),
        // Left out by what the request tells, or not matched at all: nobody has to be asked.
        Row(any(#"{"roles":["a:b"]}"#), exclude: any(resources(pods)), pod(), false, facts: nobodyKnows),
        Row(
            any(resources(#""kinds":["Job"]"#)), exclude: any(#"{"roles":["a:b"]}"#), pod(), false, facts: nobodyKnows),
        Row(
            any(resources(pods)), exclude: any(resources(#""namespaces":["prod"]"#), #"{"roles":["a:b"]}"#), pod(),
            false, facts: nobodyKnows),
        Row(
            any(resources(pods)), exclude: all(resources(#""namespaces":["dev"]"#), #"{"roles":["a:b"]}"#), pod(),
            true, facts: nobodyKnows),
        Row(
            any(resources(pods)), exclude: any(#"{"resources":{"namespaces":["dev"]},"roles":["a:b"]}"#), pod(), true,
            facts: nobodyKnows),
        Row(
            any(resources(pods)), exclude: all(resources(#""namespaces":["prod"]"#), subjects("User", "ann")),
            pod(user: ann), false),
        Row(
            any(resources(pods)), exclude: all(resources(#""namespaces":["prod"]"#), subjects("User", "ann")),
            pod(user: robot), true),
        // A direct form may name users and roles as well.
        Row(#"{"resources":{\#(pods)},"clusterRoles":["admin"]}"#, pod(), true, facts: bound([], ["admin"])),
        Row(#"{"resources":{\#(pods)},"clusterRoles":["admin"]}"#, pod(), false, facts: bound()),
        Row(subjects("User", "ann"), pod(user: ann), true),
        // An UPDATE that takes the object out of the rule is still the rule's; one that brings it in is too.
        Row(labels(#""app":"web""#), pod(operation: .update, object: bare, old: labelled), true),
        Row(labels(#""app":"web""#), pod(operation: .update, object: labelled, old: bare), true),
        Row(labels(#""app":"web""#), pod(operation: .update, object: bare, old: bare), false),
        Row(
            any(resources(pods)), exclude: labels(#""app":"web""#),
            pod(operation: .update, object: labelled, old: bare), true),
        Row(
            any(resources(pods)), exclude: labels(#""app":"web""#),
            pod(operation: .update, object: labelled, old: labelled), false),
        Row(
            any(resources(pods)), exclude: annotations(#""note":"a b""#),
            pod(operation: .update, object: annotated, old: bare), true),
        // What was being deleted before the request loses its finalizers in peace, whatever its labels.
        Row(
            labels(#""app":"web""#),
            pod(
                operation: .update, object: labelled,
                old: #"{"metadata":{"labels":{"app":"web"},"deletionTimestamp":"2026-08-23T00:00:00Z"}}"#), false),
        Row(
            labels(#""app":"web""#),
            pod(operation: .update, object: labelled, old: #"{"metadata":{"deletionTimestamp":null}}"#), true),
        // Namespace objects: by label, by name, by the labels of what they are.
        Row(
            any(resources(#""kinds":["Namespace"],"selector":{"matchLabels":{"env":"prod"}}"#)),
            namespaceObject("prod", labels: #""env":"prod""#), true),
        Row(
            any(resources(#""kinds":["Namespace"]"#)), exclude: namespaceSelector(#"{"matchLabels":{"env":"prod"}}"#),
            namespaceObject("prod", labels: #""env":"prod""#), false),
    ]
}
