import JMESPath
import JSON
import Testing

@testable import Policy

/// A scope over a JSON object, all of it data but what `policyNames` names.
func scope(_ json: String, policyNames: Set<String> = []) throws -> Scope {
    var scope = Scope()
    for (name, value) in try Document(json).root.members {
        scope.set(name, to: .success(.json(value)), isPolicyText: policyNames.contains(name))
    }
    return scope
}

@Suite("Variables in texts")
struct TemplateTests {
    static let data = #"""
        {"request": {"namespace": "prod", "object": {"metadata": {"labels": {"app": "web", "evil": "{{ request.namespace }}"},
          "annotations": {"quote": "a'b\"c`d\\", "query": "x || request.namespace", "dots": "data.prod"}}}},
         "keys": {"data": {"prod": "KEY", "x || request.namespace": "odd", "a'b\"c`d\\": "quoted"}},
         "list": ["zero", "one"], "index": 1, "flag": true, "nothing": null, "size": 1.50}
        """#

    @Test(
        "What a text comes to",
        arguments: [
            ("plain", #""plain""#),
            ("", #""""#),
            ("{{ request.namespace }}", #""prod""#),
            ("{{request.namespace}}", #""prod""#),
            ("ns-{{ request.namespace }}-x", #""ns-prod-x""#),
            // A text that is one variable has that variable's type, and else it is text.
            ("{{ index }}", "1"), ("{{ flag }}", "true"), ("{{ list }}", #"["zero","one"]"#),
            ("{{ size }}", "1.50"), ("{{ nothing }}", "null"), (" {{ index }}", #"" 1""#),
            ("{{ list }}!", #""[\"zero\",\"one\"]!""#),
            // Innermost first.
            ("{{ keys.data.{{ request.namespace }} }}", #""KEY""#),
            ("{{ keys.data.\"{{ request.namespace }}\" }}", #""KEY""#),
            ("{{ keys.data.{{ request.object.metadata.labels.{{ 'nope' }} || request.namespace }} }}", #""KEY""#),
            ("{{ list[{{ index }}] }}", #""one""#),
            ("{{ {{ 'list' }}[0] }}", #""zero""#),
            ("{{ keys.data.pr{{ 'od' }} }}", #""KEY""#),
            ("{{ keys.data.{{ 'pr' }}{{ 'od' }} }}", #""KEY""#),
            // Escapes.
            (#"\{{ request.namespace }}"#, #""{{ request.namespace }}""#),
            (#"a \{{ b }} {{ request.namespace }}"#, #""a {{ b }} prod""#),
            // Braces and quotes of queries.
            ("{{ {a: request.namespace, b: index} }}", #"{"a":"prod","b":1}"#),
            ("{{ request.{ns: namespace}}}", #"{"ns":"prod"}"#),
            ("{{ '}}' }}", #""}}""#),
            ("{{ missing || 'default' }}", #""default""#),
            // What a variable yields is data: no variable, no query.
            ("{{ request.object.metadata.labels.evil }}", #""{{ request.namespace }}""#),
            ("x{{ request.object.metadata.labels.evil }}", #""x{{ request.namespace }}""#),
            ("{{ keys.data.{{ request.object.metadata.annotations.query }} }}", #""odd""#),
            ("{{ keys.data.{{ request.object.metadata.annotations.quote }} }}", #""quoted""#),
            ("{{ keys.data.\"{{ request.object.metadata.annotations.quote }}\" }}", #""quoted""#),
            ("{{ '{{ request.object.metadata.annotations.quote }}' }}", #""a'b\"c`d\\""#),
            ("{{ `\"{{ request.object.metadata.annotations.quote }}\"` }}", #""a'b\"c`d\\""#),
            ("{{ `{{ list }}` }}", #"["zero","one"]"#),
            ("{{ `{{ index }}` }}", "1"),
            ("{{ keys.data[?@ == '{{ request.namespace }}'] || 'none' }}", #""none""#),
            ("{{ contains('{{ request.namespace }}', 'ro') }}", "true"),
        ])
    func evaluates(_ text: String, _ expected: String) throws {
        let template = try TextTemplate(text)
        #expect(try template.node(in: try scope(Self.data)).json == expected)
    }

    @Test(
        "Undefined variables, and what is no query, are errors of the rule",
        arguments: [
            "{{ missing }}", "x{{ missing.at.all }}", "{{ keys.data.{{ missing }} }}", "{{ keys.data.nope }}",
            // Paths do not come of data: this is one name, which nothing has.
            "{{ keys.{{ request.object.metadata.annotations.dots }} }}",
            "{{ list[{{ request.namespace }}] }}", "{{ length(index) }}",
        ])
    func fails(_ text: String) throws {
        let template = try TextTemplate(text)
        let scope = try scope(Self.data)
        #expect(throws: RuleFailure.self) { try template.node(in: scope) }
    }

    @Test(
        "What could be no query is found when the policy is loaded",
        arguments: [
            "{{ request.namespace", "{{ }}", "{{ a b }}", "{{ a.. }}", "{{ nofunction(a) }}", "{{ {{ }} }}",
            "{{ 'open }}",
            "{{ keys.data.{{ a b }} }}", String(repeating: "{{ ", count: 9) + "a" + String(repeating: " }}", count: 9),
        ])
    func isRefused(_ text: String) { #expect(throws: TemplateError.self) { try TextTemplate(text) } }

    @Test("A name that could not be had fails whatever reads it, and nothing else")
    func failures() throws {
        var scope = try scope(Self.data)
        scope.set("gone", to: .failure(RuleFailure("no answer")))
        #expect(try TextTemplate("{{ request.namespace }}").node(in: scope).string == "prod")
        for text in [
            "{{ gone.data.x }}", "{{ gone.data.x || 'default' }}", "{{ keys.data.{{ gone }} }}", "{{ keys(@) }}",
        ] {
            let template = try TextTemplate(text)
            #expect(throws: RuleFailure("no answer")) { try template.node(in: scope) }
        }
    }

    @Test("A predicate hides nothing of the scope")
    func predicate() throws {
        let scope = try scope(#"{"request": {"namespace": "prod"}, "images": {}, "entry": "policy's"}"#)
        let predicate = try Document(
            #"{"request": {"namespace": "evil"}, "images": 1, "entry": "evil", "builder": {"id": "b"}}"#)
        let inside = try scope.with(predicate: .json(predicate.root))
        #expect(
            try TextTemplate("{{ request.namespace }} {{ entry }} {{ builder.id }}").node(in: inside).string
                == "prod policy's b")
        for other in ["[]", "1", "null", #""text""#] {
            #expect(throws: RuleFailure.self) { try scope.with(predicate: .json(try Document(other).root)) }
        }
    }
}
