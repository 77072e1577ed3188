import Glibc

/// What files and folders were like when they were read, so that they need be read again only when that has changed.
///
/// Looking costs some microseconds a file; it misses nothing that reading finds: a mounted ConfigMap is swapped by a link,
/// which leads to other files.
public struct FileTrace: Sendable {
    /// File systems count time in steps of some milliseconds, and some in seconds: a file that was written just before
    /// it was read may be written again and look the same.
    private static let grain = 2

    private struct Look: Sendable {
        let path: String
        /// Nil when there was nothing.
        let status: FileStatus?
        /// Whether a change right after it might not show.
        let isFresh: Bool
    }

    private var looks: [Look] = []

    public init() {}

    /// To be made before the files are read.
    public init(of paths: [String]) { self.init(of: paths, at: time(nil)) }

    /// - Parameter now: seconds since 1970.
    init(of paths: [String], at now: Int) {
        for path in paths { look(at: path, now) }
    }

    /// To be called before the file or folder is read.
    mutating func look(at path: String, _ now: Int = time(nil)) {
        let status = FileStatus(of: path)
        let isFresh = status.map { now - $0.changeTime <= Self.grain } ?? false
        looks.append(Look(path: path, status: status, isFresh: isFresh))
    }

    /// Whether something may have changed since. A change that cannot be seen yet is one.
    public var mayHaveChanged: Bool { looks.contains { $0.isFresh || FileStatus(of: $0.path) != $0.status } }
}
