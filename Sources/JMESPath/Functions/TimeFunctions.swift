/// Source: Kyverno's documentation of its functions; Go's package `time`.
extension Functions {
    static let timeFunctions: [Function] = [
        Function("time_now") { _, evaluation throws(EvaluationError) in
            .string(evaluation.environment.now().description)
        },
        Function("time_now_utc") { _, evaluation throws(EvaluationError) in
            .string(evaluation.environment.now().utc.description)
        },
        Function("time_since", .string, .string, .string) { call, evaluation throws(EvaluationError) in
            let layout = try call.string(0)
            let reader = layout.isEmpty ? TimeLayout.rfc3339 : TimeLayout(layout)
            let start = try call.time(1, reader)
            let end = try call.string(2).isEmpty ? evaluation.environment.now() : call.time(2, reader)
            return .string(end.timeSince(start).description)
        },
        Function("time_parse", .string, .string) { call, _ throws(EvaluationError) in
            let layout = try call.string(0)
            guard Int64(layout) != nil else { return .string(try call.time(1, TimeLayout(layout)).description) }
            // A number for a layout means seconds since 1970.
            guard let seconds = Int64(try call.string(1)), let time = Timestamp(seconds: 0).adding(seconds: seconds)
            else {
                throw call.invalidValue("\"\(try call.string(1))\" is no number of seconds since 1970")
            }
            return .string(time.description)
        },
        Function("time_utc", .string) { call, _ throws(EvaluationError) in
            .string(try call.time(0).utc.description)
        },
        Function("time_add", .string, .string) { call, _ throws(EvaluationError) in
            guard let time = try call.time(0).adding(try call.duration(1)) else {
                throw call.invalidValue("the result is outside of the years 0 to 9999")
            }
            return .string(time.description)
        },
        Function("time_diff", .string, .string) { call, _ throws(EvaluationError) in
            .string(try call.time(1).timeSince(try call.time(0)).description)
        },
        Function("time_before", .string, .string) { call, _ throws(EvaluationError) in
            .boolean(try call.time(0) < call.time(1))
        },
        Function("time_after", .string, .string) { call, _ throws(EvaluationError) in
            .boolean(try call.time(0) > call.time(1))
        },
        Function("time_between", .string, .string, .string) { call, _ throws(EvaluationError) in
            let time = try call.time(0)
            let (start, end) = (try call.time(1), try call.time(2))
            return .boolean(start < time && time < end)
        },
        Function("time_truncate", .string, .string) { call, _ throws(EvaluationError) in
            .string(try call.time(0).truncated(to: try call.duration(1)).description)
        },
        Function("time_to_cron", .string) { call, _ throws(EvaluationError) in
            let time = try call.time(0)
            let minutes = time.secondOfDay / 60
            return .string("\(minutes % 60) \(minutes / 60) \(time.date.day) \(time.date.month) \(time.weekday)")
        },
    ]
}

extension Call {
    fileprivate func time(_ index: Int, _ layout: TimeLayout = .rfc3339) throws(EvaluationError) -> Timestamp {
        let text = try string(index)
        if let time = layout.parse(text) { return time }
        throw invalidValue("\"\(text)\" is no time as it should be written")
    }

    fileprivate func duration(_ index: Int) throws(EvaluationError) -> GoDuration {
        let text = try string(index)
        if let duration = GoDuration(text) { return duration }
        throw invalidValue("\"\(text)\" is no duration, such as 1h30m")
    }
}

extension Timestamp {
    /// - Returns: nil where the result is outside of the years 0 to 9999.
    fileprivate func adding(seconds: Int64) -> Timestamp? {
        // A thousand years are 32 billion seconds.
        guard seconds.magnitude < 1_000_000_000_000 else { return nil }
        let time = Timestamp(seconds: self.seconds + Int(seconds), nanoseconds: nanoseconds, offset: offset)
        return (0...9999).contains(time.date.year) ? time : nil
    }
}
