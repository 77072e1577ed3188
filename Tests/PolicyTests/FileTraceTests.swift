import Foundation
import Testing

@testable import Policy

@Suite("Whether files need be read again")
struct FileTraceTests {
    /// A folder that is gone after the test.
    private final class Folder {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "countersign-trace-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ name: String) -> String { path + "/" + name }

        func write(_ name: String, _ text: String, atomically: Bool = false) throws {
            try text.write(toFile: file(name), atomically: atomically, encoding: .utf8)
        }

        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
        }

        func rename(_ old: String, to new: String) throws {
            try FileManager.default.moveItem(atPath: file(old), toPath: file(new))
        }
    }

    /// Long enough after, so that what is there is not fresh.
    private func trace(_ paths: String...) -> FileTrace { FileTrace(of: paths, at: time(nil) + 3600) }

    @Test("What does not change need not be read again")
    func unchanged() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "a")
        let trace = trace(folder.path, folder.file("a.yaml"), folder.file("none"))
        #expect(!trace.mayHaveChanged)
        #expect(try String(contentsOfFile: folder.file("a.yaml"), encoding: .utf8) == "a")
        #expect(!trace.mayHaveChanged, "reading is no change")
        #expect(!FileTrace().mayHaveChanged)
    }

    @Test("What was written just before it was read may be written again and look the same")
    func fresh() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "a")
        #expect(FileTrace(of: [folder.file("a.yaml")]).mayHaveChanged)
        #expect(PolicyFiles(reading: [folder.path]).trace.mayHaveChanged)
    }

    @Test("Whatever is done to a file or a folder is seen")
    func changes() throws {
        let table: [(String, (Folder) throws -> Void)] = [
            ("longer", { try $0.write("a.yaml", "longer") }),
            ("as long", { try $0.write("a.yaml", "b", atomically: true) }),
            ("gone", { try FileManager.default.removeItem(atPath: $0.file("a.yaml")) }),
            ("there", { try $0.write("none", "x") }),
            ("another", { try $0.write("c.yaml", "x") }),
            ("moved", { try $0.rename("a.yaml", to: "b.yaml") }),
            (
                "unreadable",
                { try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: $0.file("a.yaml")) }
            ),
        ]
        for (name, change) in table {
            let folder = try Folder()
            try folder.write("a.yaml", "a")
            let trace = trace(folder.path, folder.file("a.yaml"), folder.file("none"))
            #expect(!trace.mayHaveChanged)
            try change(folder)
            #expect(trace.mayHaveChanged, "\(name)")
        }
    }

    @Test("A mounted ConfigMap is swapped by a link, which leads to other files")
    func configMap() throws {
        let folder = try Folder()
        for version in ["..1", "..2"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(version), withIntermediateDirectories: true)
            try folder.write(version + "/a.yaml", "same")
        }
        try folder.link("..data", to: "..1")
        try folder.link("a.yaml", to: "..data/a.yaml")
        let trace = trace(folder.file("a.yaml"))
        #expect(!trace.mayHaveChanged)
        try FileManager.default.removeItem(atPath: folder.file("..data"))
        try folder.link("..data", to: "..2")
        #expect(trace.mayHaveChanged)
    }
}
