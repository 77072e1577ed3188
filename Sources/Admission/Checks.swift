import OCI
import Policy
import Verification

/// Puts a plan's questions to the verifier: what it remembers at once, the rest in parallel.
enum Checks {
    /// The answers if the verifier remembers all of them; no input or output, so that an event loop may ask.
    static func remembered(_ plan: Plan, by verifier: ImageVerifier) -> [CheckResult]? {
        var results: [CheckResult] = []
        results.reserveCapacity(plan.checks.count)
        for check in plan.checks {
            guard let result = verifier.remembered(check.reference, check.requirement, pinned: check.pinned) else {
                return nil
            }
            results.append(result)
        }
        return Self.agree(plan.checks, results) ? results : nil
    }

    /// The answers to all questions, by the deadline; what is not known by then is `timedOut`.
    ///
    /// A tag is resolved once for all the questions about it: two answers about one image are about one digest.
    static func run(
        _ plan: Plan, by verifier: ImageVerifier, deadline: ContinuousClock.Instant
    ) async -> [CheckResult] {
        var groups: [ImageReference: [Int]] = [:]
        for (index, check) in plan.checks.enumerated() { groups[check.reference, default: []].append(index) }

        return await withTaskGroup(of: [(Int, CheckResult)].self) { tasks in
            for indexes in groups.values {
                let checks = indexes.map { plan.checks[$0] }
                tasks.addTask {
                    let results = await run(checks, by: verifier, deadline: deadline)
                    return Array(zip(indexes, results))
                }
            }
            var results = [CheckResult?](repeating: nil, count: plan.checks.count)
            for await group in tasks {
                for (index, result) in group { results[index] = result }
            }
            return results.compactMap { $0 }
        }
    }

    /// The checks of one image, after one resolution of its tag.
    private static func run(
        _ checks: [Check], by verifier: ImageVerifier, deadline: ContinuousClock.Instant
    ) async -> [CheckResult] {
        guard let first = checks.first else { return [] }
        if checks.count == 1 {
            return [await verifier.check(first.reference, first.requirement, pinned: first.pinned, deadline: deadline)]
        }
        let resolution = await verifier.check(first.reference, nil, pinned: first.pinned, deadline: deadline)
        guard case .success(let resolved) = resolution.outcome else {
            if case .failure(.timedOut) = resolution.outcome { await leaveBehind(checks, by: verifier) }
            return checks.map { _ in resolution }
        }
        return await withTaskGroup(of: (Int, CheckResult).self) { tasks in
            for (index, check) in checks.enumerated() {
                tasks.addTask {
                    guard let requirement = check.requirement else { return (index, resolution) }
                    return (index, await verifier.check(resolved.image, requirement, deadline: deadline))
                }
            }
            var results = [CheckResult](repeating: resolution, count: checks.count)
            for await (index, result) in tasks { results[index] = result }
            return results
        }
    }

    /// Starts checks that nobody waits for: they share the resolution that is still under way, and the API server's retry
    /// finds them done.
    private static func leaveBehind(_ checks: [Check], by verifier: ImageVerifier) async {
        for check in checks {
            _ = await verifier.check(check.reference, check.requirement, pinned: check.pinned, deadline: .now)
        }
    }

    /// Whether all answers about one image are about one digest; a tag can have moved between two of them.
    private static func agree(_ checks: [Check], _ results: [CheckResult]) -> Bool {
        guard checks.count > 1 else { return true }
        var digests: [ImageReference: Digest] = [:]
        for (check, result) in zip(checks, results) {
            guard case .success(let image) = result.outcome else { continue }
            if let known = digests.updateValue(image.digest, forKey: check.reference), known != image.digest {
                return false
            }
        }
        return true
    }
}
