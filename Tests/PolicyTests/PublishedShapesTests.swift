import JSON
import Testing

@testable import Policy

/// The shapes in which Kyverno's policy library writes variables: they load, or what is lacking is named.
@Suite("Shapes of published policies")
struct PublishedShapesTests {
    private static func attestation(_ attestors: String, _ condition: String) -> String {
        #"{"type":"https://slsa.dev/provenance/v0.2","attestors":\#(attestors),"conditions":[{"all":[\#(condition)]}]}"#
    }

    private static var keys: String { #"[{"entries":[{"keys":{"publicKeys":\#(Sample.key)}}]}]"# }

    @Test(
        "Conditions",
        arguments: [
            #"{"key":"{{ time_since('','{{ metadata.scanFinishedOn }}', '') }}","operator":"LessThanOrEquals","value":"168h"}"#,
            #"{"key":"{{ regex_match('^https://github.com/org/.*','{{ invocation.configSource.uri }}') }}","operator":"Equals","value":true}"#,
            #"{"key":"{{ builder.id }}","operator":"Equals","value":"tekton-chains"}"#,
            #"{"key":"{{ components[].licenses[].expression }}","operator":"AllNotIn","value":["GPL-2.0","GPL-3.0"]}"#,
            #"{"key":"{{ scanner.result.Results[].Vulnerabilities[?Severity=='CRITICAL'][] | length(@) }}","operator":"Equals","value":0}"#,
        ])
    func conditions(_ condition: String) throws {
        let entry = Sample.entry(extra: #""attestations":[\#(Self.attestation(Self.keys, condition))]"#)
        #expect(try problems(entry: entry) == [])
    }

    @Test("Tekton: Task, TaskRun with its status, Pipeline and PipelineRun")
    func tekton() throws {
        for (kind, name, path, value) in [
            ("tekton.dev/v1beta1/Task", "Task", "/spec/steps/*", "image"),
            ("tekton.dev/v1beta1/TaskRun.status", "TaskRun", "/status/taskSpec/steps/*", "image"),
            ("Pipeline", "Pipeline", "/spec/tasks/*/taskSpec/steps/*", "image"),
            ("PipelineRun", "PipelineRun", "/spec/pipelineRef", "bundle"),
        ] {
            let match = #"{"any":[{"resources":{"kinds":["\#(kind)"]}}]}"#
            let extractors = #"{"\#(name)":[{"name":"a","path":"\#(path)","value":"\#(value)","key":"name"}]}"#
            let rule = Sample.rule(match: match, extra: #""imageExtractors":\#(extractors)"#)
            #expect(try problems(Sample.policy(rules: "[\(rule)]")) == [])
        }
    }

    @Test("Keyless attestors, whatever variables they hold, are named")
    func keyless() throws {
        let keyless = #"[{"entries":[{"keyless":{"subject":"{{ request.namespace }}","issuer":"https://a"}}]}]"#
        let problems = try problems(entry: Sample.entry(attestors: keyless))
        #expect(problems.contains { $0.path.hasSuffix("entries[0].keyless") && $0.reason.contains("keyless") })
    }
}
