/// A list of changes to a document.
///
/// Source: RFC 6902, without `move` and `copy`, which nothing here writes.
public struct Patch: Sendable, Equatable {
    public struct Operation: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case add, replace, remove, test
        }

        public var kind: Kind
        public var path: Pointer
        /// The value as encoded JSON; nil for `remove`, and for `remove` alone.
        public var value: [UInt8]?

        private init(kind: Kind, path: Pointer, value: [UInt8]?) {
            self.kind = kind
            self.path = path
            self.value = value
        }

        public static func add(_ path: Pointer, value: [UInt8]) -> Operation {
            Operation(kind: .add, path: path, value: value)
        }

        public static func replace(_ path: Pointer, value: [UInt8]) -> Operation {
            Operation(kind: .replace, path: path, value: value)
        }

        public static func remove(_ path: Pointer) -> Operation {
            Operation(kind: .remove, path: path, value: nil)
        }

        public static func test(_ path: Pointer, value: [UInt8]) -> Operation {
            Operation(kind: .test, path: path, value: value)
        }

        public static func add(_ path: Pointer, string: String) -> Operation {
            .add(path, value: encoded(string))
        }

        public static func replace(_ path: Pointer, string: String) -> Operation {
            .replace(path, value: encoded(string))
        }

        public static func test(_ path: Pointer, string: String) -> Operation {
            .test(path, value: encoded(string))
        }

        private static func encoded(_ string: String) -> [UInt8] {
            var writer = Writer(reservingCapacity: string.utf8.count + 2)
            writer.string(string)
            return writer.bytes
        }
    }

    public var operations: [Operation]

    public init(operations: [Operation] = []) { self.operations = operations }

    /// Writes the patch as an array of operations.
    public func write(to writer: inout Writer) {
        writer.beginArray()
        for operation in operations {
            writer.beginObject()
            writer.key("op")
            writer.string(operation.kind.rawValue)
            writer.key("path")
            writer.string(operation.path.description)
            if let value = operation.value {
                writer.key("value")
                writer.raw(value)
            }
            writer.endObject()
        }
        writer.endArray()
    }
}

/// Why a patch cannot be read or applied. Nothing has been changed then.
public enum PatchError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(operation: Int, reason: String)
    case missing(operation: Int, path: Pointer)
    case testFailed(operation: Int, path: Pointer)
    case invalidValue(operation: Int, ParseError)

    public var description: String {
        switch self {
        case .malformed(let operation, let reason): "patch operation \(operation): \(reason)"
        case .missing(let operation, let path): "patch operation \(operation): nothing at \"\(path)\""
        case .testFailed(let operation, let path):
            "patch operation \(operation): \"\(path)\" does not have the tested value"
        case .invalidValue(let operation, let error): "patch operation \(operation): a value is not JSON: \(error)"
        }
    }
}

extension Patch {
    /// Reads an array of operations, as ``write(to:)`` makes it.
    ///
    /// - Throws: ``PatchError/malformed(operation:reason:)``, also for `move` and `copy`.
    public init(parsing value: Value) throws(PatchError) {
        guard value.kind == .array else { throw .malformed(operation: 0, reason: "a patch is an array") }
        operations = []
        for (number, element) in value.elements.enumerated() {
            guard let name = element["op"]?.string else { throw .malformed(operation: number, reason: "no \"op\"") }
            guard let kind = Operation.Kind(rawValue: name) else {
                throw .malformed(operation: number, reason: "unknown operation \"\(name)\"")
            }
            guard let text = element["path"]?.string else { throw .malformed(operation: number, reason: "no \"path\"") }
            let path: Pointer
            do { path = try Pointer(parsing: text) } catch {
                throw .malformed(operation: number, reason: error.description)
            }
            switch (kind, element["value"]) {
            case (.remove, _): operations.append(.remove(path))
            case (_, nil): throw .malformed(operation: number, reason: "no \"value\"")
            case (.add, let value?): operations.append(.add(path, value: value.source))
            case (.replace, let value?): operations.append(.replace(path, value: value.source))
            case (.test, let value?): operations.append(.test(path, value: value.source))
            }
        }
    }
}
