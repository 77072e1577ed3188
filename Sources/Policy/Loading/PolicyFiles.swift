import FoundationEssentials
import OpenSSL

/// The files that policies are read from, with what they held at one moment.
public struct PolicyFiles: Sendable {
    public struct File: Sendable {
        public let path: String
        public let bytes: [UInt8]
    }

    /// In the order of the paths given, and by name inside a folder.
    public private(set) var files: [File] = []
    public private(set) var problems: [PolicyProblem] = []
    /// Whether it is worth reading them again.
    public private(set) var trace = FileTrace()

    /// A file of policies is text that people wrote: the largest known is a few hundred kilobytes.
    public static let maximumFileBytes = 4 << 20
    /// More files than any repository of policies holds; a wrong path (`/`) ends here.
    public static let maximumFiles = 10_000
    /// How deep folders are followed: no deeper than anybody nests policies, and a link to itself ends here.
    public static let maximumFolderDepth = 16

    private static let extensions = [".yaml", ".yml", ".json"]

    private static let tooLarge = "is larger than \(maximumFileBytes >> 20) MiB; split it into several files"

    private var seen: Set<String> = []

    /// Reads the files at `paths`, and those named `*.yaml`, `*.yml` and `*.json` in folders and the folders inside
    /// them.
    ///
    /// Names that begin with a dot are passed over inside folders: a mounted ConfigMap keeps its older versions
    /// there. What cannot be read is a problem.
    /// - Parameter standardInput: What `-` among the paths stands for; nil takes it for the name of a file.
    public init(reading paths: [String], standardInput: (() -> [UInt8]?)? = nil) {
        for path in paths {
            if path == "-", let standardInput {
                read(standardInput)
            } else {
                read(path, depth: 0)
            }
        }
    }

    private mutating func read(_ standardInput: () -> [UInt8]?) {
        let name = "standard input"
        guard seen.insert("-").inserted else { return }
        guard let bytes = standardInput() else { return problem(name, "cannot be read") }
        guard bytes.count <= Self.maximumFileBytes else { return problem(name, Self.tooLarge) }
        files.append(File(path: name, bytes: bytes))
    }

    /// Changes when a file, or which files there are, or what is wrong with them changes.
    public var fingerprint: SHA256Digest {
        var text = ""
        for file in files { text += "file \(SHA256Digest(of: file.bytes).hex) \(file.path)\n" }
        for problem in problems { text += "problem \(problem)\n" }
        return SHA256Digest(of: Array(text.utf8))
    }

    private mutating func read(_ path: String, depth: Int) {
        trace.look(at: path)
        let resolved = Self.resolved(path)
        switch Self.type(of: resolved) {
        case .typeDirectory?: readFolder(path, depth: depth)
        case .typeRegular?: readFile(path, resolved)
        case nil: problem(path, "does not exist, or cannot be reached")
        default: problem(path, "is neither a file nor a folder")
        }
    }

    /// The path with its links followed.
    private static func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }

    private static func type(of resolved: String) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: resolved))?[.type] as? FileAttributeType
    }

    private mutating func readFolder(_ path: String, depth: Int) {
        guard depth < Self.maximumFolderDepth else {
            return problem(path, "is nested more than \(Self.maximumFolderDepth) folders deep")
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            return problem(path, "cannot be read; check the permissions of the folder")
        }
        let visible = names.filter { !$0.hasPrefix(".") }
        for name in visible.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let child = path.hasSuffix("/") ? path + name : path + "/" + name
            let isFolder = Self.type(of: Self.resolved(child)) == .typeDirectory
            guard isFolder || Self.extensions.contains(where: name.hasSuffix) else { continue }
            guard files.count < Self.maximumFiles else {
                return problem(path, "holds more than \(Self.maximumFiles) files of policies")
            }
            read(child, depth: depth + 1)
        }
    }

    private mutating func readFile(_ path: String, _ resolved: String) {
        // One file given twice, or by way of its folder, is one file.
        guard seen.insert(resolved).inserted else { return }
        let size = (try? FileManager.default.attributesOfItem(atPath: resolved))?[.size]
        guard let size = size as? UInt64 ?? (size as? Int).map(UInt64.init), size <= Self.maximumFileBytes else {
            return problem(path, Self.tooLarge)
        }
        guard let data = FileManager.default.contents(atPath: resolved) else {
            return problem(path, "cannot be read; check the permissions of the file")
        }
        guard data.count <= Self.maximumFileBytes else { return problem(path, Self.tooLarge) }
        files.append(File(path: path, bytes: [UInt8](data)))
    }

    private mutating func problem(_ path: String, _ reason: String) {
        problems.append(PolicyProblem(file: path, reason: reason))
    }
}
