import Testing

@testable import Policy

@Suite("Variables about Pods, inside pod templates")
struct PodTemplateTests {
    @Test(
        "What a text becomes for controllers and for CronJobs",
        arguments: [
            (
                "{{ request.object.spec.containers }}", "{{ request.object.spec.template.spec.containers }}",
                "{{ request.object.spec.jobTemplate.spec.template.spec.containers }}"
            ),
            (
                "{{ request.object.metadata.labels.a }}", "{{ request.object.spec.template.metadata.labels.a }}",
                "{{ request.object.spec.jobTemplate.spec.template.metadata.labels.a }}"
            ),
            (
                "{{ request.oldObject.spec }}", "{{ request.oldObject.spec.template.spec }}",
                "{{ request.oldObject.spec.jobTemplate.spec.template.spec }}"
            ),
            (
                "{{ request.object.spec == request.object.spec }}",
                "{{ request.object.spec.template.spec == request.object.spec.template.spec }}",
                "{{ request.object.spec.jobTemplate.spec.template.spec == request.object.spec.jobTemplate.spec.template.spec }}"
            ),
            // The object that was sent, and other names.
            (#"{{ request."object".spec }}"#, #"{{ request."object".spec }}"#, #"{{ request."object".spec }}"#),
            ("{{ request.object.specs }}", "{{ request.object.specs }}", "{{ request.object.specs }}"),
            ("{{ request.namespace }}", "{{ request.namespace }}", "{{ request.namespace }}"),
        ])
    func rewrites(_ text: String, _ controller: String, _ cronJob: String) {
        #expect(PodTemplate.controller.rewritten(text) == controller)
        #expect(PodTemplate.cronJob.rewritten(text) == cronJob)
    }
}
