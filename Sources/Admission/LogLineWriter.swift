import JSON

/// Writes one line of the log, field by field, in either form. A copy goes on by itself: lines that begin alike are
/// begun once.
///
/// Control characters become spaces, so that no value can forge a line. Empty values are left out.
struct LogLineWriter {
    private let format: LogLine.Format
    private var text: [UInt8] = []
    private var json: Writer

    /// What a line of a decision takes, so that most lines are written without growing.
    static let usualBytes = 640

    init(_ format: LogLine.Format, time: String, level: String, message: String) {
        self.format = format
        let message = printable(message, limit: 4096)
        switch format {
        case .text:
            json = Writer()
            text.reserveCapacity(Self.usualBytes)
            text.append(contentsOf: time.utf8)
            text.append(0x20)
            text.append(contentsOf: level.utf8)
            text.append(0x20)
            text.append(contentsOf: message.utf8)
        case .json:
            json = Writer(reservingCapacity: Self.usualBytes)
            json.beginObject()
            for (name, value) in [("time", time), ("level", level), ("message", message)] {
                json.key(name)
                json.string(value)
            }
        }
    }

    mutating func field(_ name: String, _ value: String) {
        guard !value.isEmpty else { return }
        let value = printable(value)
        switch format {
        case .json:
            json.key(name)
            json.string(value)
        case .text:
            appendName(name)
            if value.utf8.contains(where: { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D }) {
                text.append(0x22)
                text.append(contentsOf: value.replacing("\"", with: "'").utf8)
                text.append(0x22)
            } else {
                text.append(contentsOf: value.utf8)
            }
        }
    }

    /// - Parameter number: as it is to be written.
    mutating func field(_ name: String, number: String) {
        switch format {
        case .json:
            json.key(name)
            json.raw(Array(number.utf8))
        case .text:
            appendName(name)
            text.append(contentsOf: number.utf8)
        }
    }

    /// Ends the line and appends it, with its newline.
    consuming func end(into bytes: inout [UInt8]) {
        switch format {
        case .json:
            json.endObject()
            bytes.append(contentsOf: json.bytes)
        case .text:
            bytes.append(contentsOf: text)
        }
        bytes.append(0x0A)
    }

    private mutating func appendName(_ name: String) {
        text.append(0x20)
        text.append(contentsOf: name.utf8)
        text.append(0x3D)
    }
}
