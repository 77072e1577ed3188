import Foundation
import Synchronization

/// A shell that outlives the tests by a moment: it knows the children that run and the folders that are in use, and when
/// the pipe from the tests breaks, because they ended or crashed, it ends and removes what is left, each by its name.
final class Undertaker: Sendable {
    static let shared = Undertaker()

    private static let script = """
        pids= folders=
        while read -r change name; do
          case $change in
            +) pids="$pids $name" ;;
            -) left=; for each in $pids; do [ "$each" = "$name" ] || left="$left $each"; done; pids=$left ;;
            folder) folders="$folders $name" ;;
          esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
        for folder in $folders; do rm -rf "$folder"; done
        """

    private let pipe: Mutex<FileHandle>

    private init() {
        let pipe = Pipe()
        // Nothing can be done when this fails, and little is lost: children that a crash leaves behind.
        _ = try? Spawn.start(
            "/bin/sh", ["-c", Self.script], environment: ["PATH": "/usr/bin:/bin"],
            input: .descriptor(pipe.fileHandleForReading.fileDescriptor), outputPath: "/dev/null",
            errorPath: "/dev/null")
        self.pipe = Mutex(pipe.fileHandleForWriting)
    }

    func born(_ processID: Int32) { write("+ \(processID)\n") }
    func died(_ processID: Int32) { write("- \(processID)\n") }
    func made(folder path: String) { write("folder \(path)\n") }

    private func write(_ line: String) {
        pipe.withLock { try? $0.write(contentsOf: Data(line.utf8)) }
    }
}
