import Policy
import YAML

/// From text to rules: either there is a snapshot or there is a reason.
enum PolicyTarget: FuzzTarget {
    static let name = "policy"

    static func run(_ bytes: [UInt8]) {
        guard let documents = try? YAML.documents(bytes) else { return }
        let result = PolicyLoader.load(documents: documents.map { (source: "fuzz", document: $0) })
        require((result.snapshot == nil) != result.problems.isEmpty, "a snapshot, or problems")
        for problem in result.problems { _ = problem.description }
    }
}
