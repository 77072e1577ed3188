import JMESPath
import JSON

/// JMESPath queries, and what they yield for a small review.
enum QueryTarget: FuzzTarget {
    static let name = "query"

    private static let review = try? Document(
        text: #"{"request": {"object": {"spec": {"containers": [{"name": "a", "image": "b:1"}, {"name": null}]}}}}"#)
    private static let budget = Budget(steps: 50_000, memory: 1 << 20)

    static func run(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self), let query = try? Query(parsing: text),
            let review
        else { return }
        guard let result = try? query.resolve(Node(review.root), budget: budget) else { return }
        require(result.isEqual(to: result), "a value equals itself")
        guard let document = try? Document(text: result.json, duplicateKeys: .refuse) else { return }
        require(Node(document.root).isEqual(to: result), "a value survives being written")
    }
}
