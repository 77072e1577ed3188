import JSON

/// One line of the log, for people or for machines.
public struct LogLine: Sendable {
    public enum Format: String, Sendable, CaseIterable { case text, json }

    public enum Value: Sendable {
        case text(String)
        /// A number, as it is to be written.
        case number(String)

        var isEmpty: Bool {
            switch self {
            case .text(let text): text.isEmpty
            case .number: false
            }
        }
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
        switch format {
        case .json: appendJSON(to: &bytes)
        case .text: appendText(to: &bytes)
        }
        bytes.append(0x0A)
    }

    private func appendJSON(to bytes: inout [UInt8]) {
        var writer = Writer()
        writer.beginObject()
        for (name, text) in [("time", time), ("level", level), ("message", printable(message, limit: 4096))] {
            writer.key(name)
            writer.string(text)
        }
        for (name, value) in fields where !value.isEmpty {
            writer.key(name)
            switch value {
            case .text(let text): writer.string(printable(text))
            case .number(let text): writer.raw(Array(text.utf8))
            }
        }
        writer.endObject()
        bytes.append(contentsOf: writer.bytes)
    }

    /// `TIME level message name=value name="value with spaces"`.
    private func appendText(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\(time) \(level) ".utf8)
        bytes.append(contentsOf: printable(message, limit: 4096).utf8)
        for (name, value) in fields where !value.isEmpty {
            bytes.append(0x20)
            bytes.append(contentsOf: name.utf8)
            bytes.append(0x3D)
            switch value {
            case .number(let text): bytes.append(contentsOf: text.utf8)
            case .text(let text):
                let text = printable(text)
                if text.utf8.contains(where: { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D }) {
                    bytes.append(0x22)
                    bytes.append(contentsOf: text.replacing("\"", with: "'").utf8)
                    bytes.append(0x22)
                } else {
                    bytes.append(contentsOf: text.utf8)
                }
            }
        }
    }
}
