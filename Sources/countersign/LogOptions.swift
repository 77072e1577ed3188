import Admission
import ArgumentParser
import Logging

extension LogLine.Format: ExpressibleByArgument {}

/// swift-log's levels, as an argument.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

/// How the log looks. It goes to standard error.
struct LogOptions: ParsableArguments {
    @Option(help: "The form of a log line.")
    var logFormat: LogLine.Format = .text

    @Option(help: "The least severe lines to write; decisions are written at info.")
    var logLevel: LogLevel = .info

    func start() -> Log {
        let sink = LogSink(descriptor: 2)
        let (format, level) = (logFormat, logLevel.level)
        let logger = Logger(label: "countersign") { _ in SinkLogHandler(format: format, sink: sink, level: level) }
        return Log(
            logger: logger, decisions: DecisionLog(format: format, sink: level <= .info ? sink : nil), sink: sink)
    }
}

/// The two kinds of lines, and where both go.
struct Log: Sendable {
    let logger: Logger
    let decisions: DecisionLog
    let sink: LogSink
}
