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
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script]
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
        self.pipe = Mutex(pipe.fileHandleForWriting)
    }

    func born(_ processID: Int32) { write("+ \(processID)\n") }
    func died(_ processID: Int32) { write("- \(processID)\n") }
    func made(folder path: String) { write("folder \(path)\n") }

    private func write(_ line: String) {
        pipe.withLock { try? $0.write(contentsOf: Data(line.utf8)) }
    }
}
