import Admission
import JSON
import OCI
import Policy

/// Takes manifests the way that an API server would send them through the gate, without an API server: through mutate,
/// and what that let through, as it was patched, through validate.
public struct Rehearsal: Sendable {
    public let evaluator: Evaluator
    public let shape: RequestShape
    /// How long each call may take.
    public let timeout: Duration

    /// How many manifests are under way at once: enough to keep a registry busy, and the memory is bounded.
    static let width = 8

    public init(evaluator: Evaluator, shape: RequestShape = RequestShape(), timeout: Duration = .seconds(30)) {
        self.evaluator = evaluator
        self.shape = shape
        self.timeout = timeout
    }

    /// - Parameter progress: Told how many manifests are done, each time one is.
    public func run(
        _ manifests: [Manifest], progress: @Sendable (_ done: Int) -> Void = { _ in }
    ) async -> Report {
        var performances = [Performance?](repeating: nil, count: manifests.count)
        await withTaskGroup(of: (Int, Performance).self) { group in
            var done = 0
            func take(_ result: (Int, Performance)?) {
                guard let (index, performance) = result else { return }
                performances[index] = performance
                done += 1
                progress(done)
            }
            for (index, manifest) in manifests.enumerated() {
                if index >= Self.width { take(await group.next()) }
                group.addTask { (index, await run(manifest)) }
            }
            while let result = await group.next() { take(result) }
        }
        let all = performances.compactMap { $0 }
        return Report(
            rows: all.flatMap(\.rows), denials: all.compactMap(\.denial), warnings: all.flatMap(\.warnings))
    }

    /// What came of one manifest.
    struct Performance: Sendable {
        var rows: [Row]
        var denial: Report.Denial?
        var warnings: [String]
    }

    func run(_ manifest: Manifest) async -> Performance {
        let resource = resource(manifest)
        do throws(ReviewError) {
            return performance(of: try await outcomes(of: manifest), resource)
        } catch {
            let row = resource.row(policy: "", rule: "", image: nil, result: .error, message: "\(error)", denies: true)
            return Performance(
                rows: [row], denial: Report.Denial(resource: row.resource, message: "\(error)\n"), warnings: [])
        }
    }

    func resource(_ manifest: Manifest) -> Resource {
        Resource(
            kind: manifest.kind, namespace: shape.namespace(of: manifest),
            name: manifest.name.isEmpty ? manifest.generateName + "?" : manifest.name)
    }

    /// What mutate said, and validate where mutate let the manifest through.
    func outcomes(of manifest: Manifest) async throws(ReviewError) -> [Outcome] {
        // (1) What mutate says, and what it writes into the object.
        let object = shape.object(of: manifest)
        let mutation = try await outcome(.mutate, manifest, object)
        guard mutation.verdict.isAllowed else { return [mutation] }

        // (2) What validate says about the object as it is then.
        let patched = try patched(object, by: mutation.verdict.patch)
        return [mutation, try await outcome(.validate, manifest, patched)]
    }

    private func outcome(
        _ phase: Phase, _ manifest: Manifest, _ object: [UInt8]
    ) async throws(ReviewError) -> Outcome {
        let request = try shape.request(about: manifest, object: object)
        return await evaluator.evaluate(request, phase: phase, deadline: .now + timeout)
    }

    /// The rows of one call that somebody else made, about the object of that name.
    public static func rows(of outcome: Outcome, kind: String, namespace: String, name: String) -> [Row] {
        Rows([outcome], Resource(kind: kind, namespace: namespace, name: name)).rows
    }

    private func patched(_ object: [UInt8], by patch: Patch) throws(ReviewError) -> [UInt8] {
        guard !patch.operations.isEmpty else { return object }
        do {
            return try patch.apply(to: Document(object)).bytes
        } catch {
            throw .notAReview("its patch does not apply: \(error)")
        }
    }

    func performance(of outcomes: [Outcome], _ resource: Resource) -> Performance {
        Performance(
            rows: Rows(outcomes, resource).rows,
            denial: outcomes.compactMap(\.verdict.denial).first.map {
                Report.Denial(resource: resource.text, message: $0)
            },
            warnings: outcomes.reduce(into: []) { warnings, outcome in
                for warning in outcome.verdict.warnings where !warnings.contains(warning) { warnings.append(warning) }
            })
    }
}

/// The object that rows are about.
struct Resource: Sendable {
    let kind: String
    let namespace: String
    let name: String

    var text: String { [kind, namespace, name].filter { !$0.isEmpty }.joined(separator: "/") }

    func row(
        policy: String, rule: String, image: String?, result: Row.Result, message: String, digest: Digest? = nil,
        denies: Bool = false
    ) -> Row {
        Row(
            kind: kind, namespace: namespace, name: name, policy: policy, rule: rule, image: image, result: result,
            message: message, digest: digest, denies: denies)
    }
}

/// Puts together what the calls said: one row for each policy, rule and image.
private struct Rows {
    private struct Key: Hashable {
        let policy: String
        let rule: String
        let image: String?
    }

    private(set) var rows: [Row] = []
    private var indexes: [Key: Int] = [:]
    private let resource: Resource
    /// The images as the manifest has them, by where they stand: the second call sees them pinned.
    private var written: [Pointer: String] = [:]

    init(_ outcomes: [Outcome], _ resource: Resource) {
        self.resource = resource
        for outcome in outcomes {
            for finding in outcome.verdict.findings { add(finding) }
            add(outcome.verdict.patch)
        }
        for rule in outcomes.first?.rules ?? [] where !rule.hasImages { addEmpty(rule) }
    }

    private mutating func add(_ finding: Verdict.Finding) {
        var image: String?
        if let found = finding.image {
            image = written[found.pointer] ?? found.text
            written[found.pointer] = image
        }
        let row = resource.row(
            policy: finding.policy.qualifiedName, rule: finding.rule.name, image: image, result: finding.result.row,
            message: message(finding), digest: finding.digest, denies: finding.blocks)
        let key = Key(policy: row.policy, rule: row.rule, image: image)
        if let index = indexes[key] {
            rows[index].merge(row)
        } else {
            indexes[key] = rows.count
            rows.append(row)
        }
    }

    private func message(_ finding: Verdict.Finding) -> String {
        switch finding.result {
        case .pass: ""
        case .skip: finding.exception.map { "excepted by PolicyException \($0)" } ?? "named by skipImageReferences"
        case .fail(let message), .error(let message): message
        }
    }

    private mutating func add(_ patch: Patch) {
        for operation in patch.operations {
            guard let image = written[operation.path] else { continue }
            for index in rows.indices where rows[index].image == image && rows[index].result == .pass {
                rows[index].patch.append(operation)
            }
        }
    }

    private mutating func addEmpty(_ applied: Outcome.AppliedRule) {
        let key = Key(policy: applied.policy.qualifiedName, rule: applied.rule.name, image: nil)
        guard indexes[key] == nil else { return }
        indexes[key] = rows.count
        rows.append(
            resource.row(
                policy: key.policy, rule: key.rule, image: nil, result: .skip,
                message: "no image of the resource is named by the rule"))
    }
}

extension Verdict.Finding.Result {
    fileprivate var row: Row.Result {
        switch self {
        case .pass: .pass
        case .skip: .skip
        case .fail: .fail
        case .error: .error
        }
    }
}
