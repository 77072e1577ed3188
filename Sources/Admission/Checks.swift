import OCI
import Policy
import Registry
import Verification

/// Puts a plan's questions to the verifier: what it remembers at once, the rest in parallel.
enum Checks {
    /// The answers if the verifier remembers all of them; no input or output, so that an event loop may ask.
    ///
    /// What is remembered for everybody comes first; only then does it matter what the Pod's pull secrets are.
    static func remembered(_ plan: Plan, by verifier: ImageVerifier, _ access: PullAccess) -> [CheckResult]? {
        var results: [CheckResult] = []
        results.reserveCapacity(plan.checks.count)
        var pods: Keychain?
        for check in plan.checks {
            let open = verifier.remembered(check.reference, check.requirement, pinned: check.pinned)
            if let open, open.isSuccess || (!access.isPossible && check.secrets.isEmpty) {
                results.append(open)
                continue
            }
            guard access.isPossible, let known = pods ?? access.remembered else { return nil }
            pods = known
            guard let keychain = access.remembered(known, behind: check.secrets),
                let result = verifier.remembered(
                    check.reference, check.requirement, with: keychain, pinned: check.pinned)
            else { return nil }
            results.append(result)
        }
        return Self.agree(plan.checks, results) ? results : nil
    }

    /// The answers to all questions, by the deadline; what is not known by then is `timedOut`.
    ///
    /// The Pod's pull secrets are read first, and once more where a registry denies access: they may just have been
    /// made, or changed.
    static func run(
        _ plan: Plan, by verifier: ImageVerifier, _ access: PullAccess, deadline: ContinuousClock.Instant
    ) async -> [CheckResult] {
        var keychains = await access.keychains(of: plan.checks, by: deadline)
        var results = await run(plan, by: verifier, with: keychains, deadline: deadline)
        guard results.contains(where: { $0.denial != nil }) else { return results }
        if access.isPossible {
            let known = keychains
            keychains = await access.keychains(of: plan.checks, anew: true, by: deadline)
            // Where reading took all the time, what the registry said before is still the best answer.
            if keychains != known, .now < deadline {
                results = await run(plan, by: verifier, with: keychains, deadline: deadline)
            }
        }
        return zip(results, keychains).map { $0.explained(by: $1.problems) }
    }

    /// A tag is resolved once for all the questions about it: two answers about one image are about one digest.
    private static func run(
        _ plan: Plan, by verifier: ImageVerifier, with keychains: [Keychain], deadline: ContinuousClock.Instant
    ) async -> [CheckResult] {
        var groups: [ImageReference: [Int]] = [:]
        for (index, check) in plan.checks.enumerated() { groups[check.reference, default: []].append(index) }

        return await withTaskGroup(of: [(Int, CheckResult)].self) { tasks in
            for indexes in groups.values {
                let checks = indexes.map { (plan.checks[$0], keychains[$0]) }
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

    /// The checks of one image, each with its keychain, after one resolution of its tag.
    private static func run(
        _ checks: [(check: Check, keychain: Keychain)], by verifier: ImageVerifier, deadline: ContinuousClock.Instant
    ) async -> [CheckResult] {
        guard let (first, keychain) = checks.first else { return [] }
        if checks.count == 1 {
            return [
                await verifier.check(
                    first.reference, first.requirement, with: keychain, pinned: first.pinned, deadline: deadline)
            ]
        }
        // Whichever rule's secrets open the registry: the tag stands for one digest.
        let all = checks.dropFirst().reduce(keychain) { $0 == $1.keychain ? $0 : $0.followed(by: $1.keychain) }
        let resolution = await verifier.check(first.reference, nil, with: all, pinned: first.pinned, deadline: deadline)
        guard case .success(let resolved) = resolution.outcome else {
            if case .failure(.timedOut) = resolution.outcome { await leaveBehind(checks, by: verifier) }
            return checks.map { _ in resolution }
        }
        return await withTaskGroup(of: (Int, CheckResult).self) { tasks in
            for (index, (check, keychain)) in checks.enumerated() {
                tasks.addTask {
                    guard let requirement = check.requirement else { return (index, resolution) }
                    return (
                        index, await verifier.check(resolved.image, requirement, with: keychain, deadline: deadline)
                    )
                }
            }
            var results = [CheckResult](repeating: resolution, count: checks.count)
            for await (index, result) in tasks { results[index] = result }
            return results
        }
    }

    /// Starts checks that nobody waits for: they share the resolution that is still under way, and the API server's retry
    /// finds them done.
    private static func leaveBehind(
        _ checks: [(check: Check, keychain: Keychain)], by verifier: ImageVerifier
    ) async {
        for (check, keychain) in checks {
            _ = await verifier.check(
                check.reference, check.requirement, with: keychain, pinned: check.pinned, deadline: .now)
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

extension CheckResult {
    fileprivate var isSuccess: Bool {
        if case .success = outcome { return true }
        return false
    }

    /// Why the registry did not let us in, if that is what happened.
    fileprivate var denial: RegistryFailure? {
        if case .failure(.registry(.denied(let what, let code))) = outcome { return .denied(what: what, code: code) }
        return nil
    }

    /// Beside a registry's denial, what is amiss with the pull secrets; anything else as it is.
    fileprivate func explained(by problems: [String]) -> CheckResult {
        guard let denial, !problems.isEmpty else { return self }
        return CheckResult(
            outcome: .failure(.denied(denial, because: problems)), digest: digest, fromCache: fromCache,
            duration: duration)
    }
}
