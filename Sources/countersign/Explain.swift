import ArgumentParser
import Rehearsal

/// `countersign explain`: why one resource would be admitted or denied.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why a resource would be admitted or denied.",
        discussion: """
            Takes what apply takes, and tells every decision on the way: which rules look at the resource, or on which \
            clause they do not; which images they name; what lies beside each image, and which check it failed.

            Exit codes: as those of apply.

            Example:
              kubectl get deployment web -o yaml | countersign explain policies/ --resource -
            """
    )

    @OptionGroup
    var input: RehearsalOptions

    func run() async throws {
        let terminal = Terminal()
        let isDenied = try await input.rehearse { rehearsal, manifests in
            var isDenied = false
            for (index, manifest) in manifests.enumerated() {
                if index > 0 { print("") }
                let explanation = try await rehearsal.explain(manifest)
                for line in explanation.lines() { print(Self.paint(line.text, line.tone, terminal)) }
                isDenied = isDenied || explanation.denial != nil
            }
            return isDenied
        }
        if isDenied { throw ExitCode(1) }
    }

    private static func paint(_ text: String, _ tone: Explanation.Tone, _ terminal: Terminal) -> String {
        switch tone {
        case .heading: terminal.bold(text)
        case .good: terminal.green(text)
        case .bad: terminal.red(text)
        case .plain: text
        }
    }
}
