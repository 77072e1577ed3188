import RegularExpression

/// Source: Kyverno's documentation of its functions; Go's package `regexp`.
extension Functions {
    /// How many instructions of a pattern make a step.
    private static let instructionsPerStep = 10

    static let regexFunctions: [Function] = [
        Function("regex_match", .string, [.string, .number], pattern: 0) { call, evaluation throws(EvaluationError) in
            let (pattern, text) = (try call.pattern(0), try call.text(1))
            return try matching(call, &evaluation, text) { steps throws(StepLimitExceeded) in
                .boolean(try pattern.matches(text, steps: &steps))
            }
        },
        Function("regex_replace_all", .string, [.string, .number], [.string, .number], pattern: 0) {
            call, evaluation throws(EvaluationError) in
            let (pattern, text, template) = (try call.pattern(0), try call.text(1), try call.text(2))
            return try matching(call, &evaluation, text) { steps throws(StepLimitExceeded) in
                .string(try pattern.replacingAll(in: text, with: template, steps: &steps))
            }
        },
        Function("regex_replace_all_literal", .string, [.string, .number], [.string, .number], pattern: 0) {
            call, evaluation throws(EvaluationError) in
            let (pattern, text, replacement) = (try call.pattern(0), try call.text(1), try call.text(2))
            return try matching(call, &evaluation, text) { steps throws(StepLimitExceeded) in
                .string(try pattern.replacingAllLiterally(in: text, with: replacement, steps: &steps))
            }
        },
        Function("random", .string, pattern: 0) { call, evaluation throws(EvaluationError) in
            guard !(try call.string(0).isEmpty) else { throw call.invalidValue("there is no pattern") }
            try evaluation.allocate(bytes: Pattern.maximumSampleLength)
            guard let sample = try call.pattern(0).sample(random: evaluation.environment.random) else {
                throw call.invalidValue(
                    "no text of up to \(Pattern.maximumSampleLength) bytes was found for the pattern")
            }
            return .string(sample)
        },
    ]

    /// Has a pattern matched with what steps are left.
    private static func matching(
        _ call: Call,
        _ evaluation: inout Evaluation,
        _ text: String,
        _ body: (inout Int) throws(StepLimitExceeded) -> Node
    ) throws(EvaluationError) -> Node {
        try evaluation.allocate(bytes: text.utf8.count)
        let allowance = evaluation.remainingSteps * instructionsPerStep
        var steps = allowance
        let result: Node
        do {
            result = try body(&steps)
        } catch {
            throw EvaluationError(.tooExpensive, "\(call.name)(): the pattern takes too many steps on this text")
        }
        try evaluation.spend(steps: (allowance - steps) / instructionsPerStep)
        if case .string(let made) = result { try evaluation.allocate(bytes: made.utf8.count) }
        return result
    }
}

extension Call {
    /// The pattern that was compiled with the query, or is compiled now.
    func pattern(_ index: Int) throws(EvaluationError) -> Pattern {
        if case .pattern(let pattern) = arguments[index] { return pattern }
        do {
            return try Pattern(try string(index))
        } catch let error as EvaluationError {
            throw error
        } catch let error as PatternError {
            throw invalidValue("the pattern is malformed: \(error)")
        } catch {
            throw invalidValue("\(error)")
        }
    }
}
