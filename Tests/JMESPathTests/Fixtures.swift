import Foundation

/// Files that stand in Tests/Fixtures.
enum Fixtures {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    static func bytes(_ origin: String, _ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: origin).appending(path: name)))
    }

    /// The names of the files in a folder, sorted; empty where there is no such folder.
    static func names(in origin: String, withExtension suffix: String) -> [String] {
        let path = folder.appending(path: origin).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix("." + suffix) }.sorted()
    }
}
