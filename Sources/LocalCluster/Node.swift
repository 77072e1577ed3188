import JSON

/// JSON that can be changed: what stored objects are merged with.
indirect enum Node {
    case object([(key: String, value: Node)])
    /// Anything else, as text.
    case other([UInt8])

    init(_ value: Value) {
        guard value.kind == .object else {
            self = .other(value.source)
            return
        }
        self = .object(value.members.map { (key: $0.key, value: Node($0.value)) })
    }

    static func string(_ text: String) -> Node {
        var writer = Writer()
        writer.string(text)
        return .other(writer.bytes)
    }

    subscript(key: String) -> Node? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.first { $0.key == key }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let place = members.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((key: key, value: value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// Objects are merged, everything else is replaced: as server-side apply has it for one manager who owns all.
    func merged(with newer: Node) -> Node {
        guard case .object = self, case .object(let members) = newer else { return newer }
        var result = self
        for (key, value) in members { result[key] = self[key]?.merged(with: value) ?? value }
        return result
    }

    var bytes: [UInt8] {
        var writer = Writer()
        write(to: &writer)
        return writer.bytes
    }

    private func write(to writer: inout Writer) {
        switch self {
        case .object(let members):
            writer.beginObject()
            for (key, value) in members {
                writer.key(key)
                value.write(to: &writer)
            }
            writer.endObject()
        case .other(let bytes): writer.raw(bytes)
        }
    }
}
