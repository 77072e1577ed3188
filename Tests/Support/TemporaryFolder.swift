import Foundation
import Synchronization

/// A folder that goes away with its last reference.
final class TemporaryFolder: Sendable {
    let path: String
    private let count = Atomic<Int>(0)

    init(_ purpose: String) throws {
        path = FileManager.default.temporaryDirectory
            .appending(path: "countersign-\(purpose)-\(UUID().uuidString)").path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        Undertaker.shared.made(folder: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A path that nothing else has.
    func unique(_ name: String) -> String {
        "\(path)/\(count.wrappingAdd(1, ordering: .relaxed).newValue)-\(name)"
    }

    /// Writes a file in one step, as an editor or a Kubernetes volume does, so that a reader never sees half of it.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let target = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: target), options: .atomic)
        return target
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}
