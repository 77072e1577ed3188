/// One line of the log, for people or for machines.
public struct LogLine: Sendable {
    public enum Format: String, Sendable, CaseIterable { case text, json }

    public enum Value: Sendable {
        case text(String)
        /// A number, as it is to be written.
        case number(String)
    }

    let time: String
    let level: String
    let message: String
    let fields: [(name: String, value: Value)]

    /// - Parameter fields: Written in this order; empty ones are left out.
    public init(
        time: String = Timestamp.now(), level: String, message: String, fields: [(name: String, value: Value)] = []
    ) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// Appends the line and its newline. Control characters become spaces, so that no value can forge a line.
    public func append(to bytes: inout [UInt8], as format: Format) {
        var line = LogLineWriter(format, time: time, level: level, message: message)
        for (name, value) in fields {
            switch value {
            case .text(let text): line.field(name, text)
            case .number(let text): line.field(name, number: text)
            }
        }
        line.end(into: &bytes)
    }
}
