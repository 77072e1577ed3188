import Glibc

/// What the file system says of a file without reading it. A file that was written, replaced or linked elsewhere has
/// another.
struct FileStatus: Sendable, Hashable {
    private struct Moment: Sendable, Hashable {
        let seconds: Int
        let nanoseconds: Int
    }

    private let device: UInt64
    private let number: UInt64
    private let mode: UInt32
    private let size: Int
    private let modified: Moment
    private let changed: Moment

    /// Of what links lead to; nil when there is nothing, or it cannot be reached.
    init?(of path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        mode = status.st_mode
        size = Int(status.st_size)
        modified = Moment(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        changed = Moment(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
    }

    /// When the file or what is said of it changed last, in seconds since 1970, by the file system's clock.
    var changeTime: Int { changed.seconds }
}
