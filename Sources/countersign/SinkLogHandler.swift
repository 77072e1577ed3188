import Admission
import Logging

/// Writes swift-log's lines in the form of the decision log and into the same sink, so that both stay in order.
struct SinkLogHandler: LogHandler {
    let format: LogLine.Format
    let sink: LogSink
    var metadata = Logger.Metadata()
    var logLevel: Logger.Level

    init(format: LogLine.Format, sink: LogSink, level: Logger.Level) {
        self.format = format
        self.sink = sink
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        var bytes: [UInt8] = []
        LogLine(
            level: event.level.rawValue, message: "\(event.message)",
            fields: fields.map { (name: $0.key, value: LogLine.Value.text("\($0.value)")) }
        ).append(to: &bytes, as: format)
        sink.write(bytes, lines: 1)
    }
}
