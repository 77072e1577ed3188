@unsafe @preconcurrency import CLinux
import Foundation
import Glibc

/// Starts programs, by the system's own call: Foundation's `Process` was seen to crash once in some thousand starts.
enum Spawn {
    enum Input {
        case file(String)
        case descriptor(Int32)
    }

    /// Starts a program with a small environment, its three streams and nothing else that these tests have open.
    /// - Returns: the child's process id.
    static func start(
        _ executable: String, _ arguments: [String], environment: [String: String], input: Input,
        outputPath: String, errorPath: String
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        switch input {
        case .file(let path): unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path, O_RDONLY, 0)
        case .descriptor(let descriptor): unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, STDIN_FILENO)
        }
        for (descriptor, path) in [(STDOUT_FILENO, outputPath), (STDERR_FILENO, errorPath)] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        // The threads of the pool block signals, which a child would inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words = unsafe copies([executable] + arguments)
        let variables = unsafe copies(environment.map { "\($0.key)=\($0.value)" })
        defer {
            for index in unsafe words.indices { unsafe free(words[index]) }
            for index in unsafe variables.indices { unsafe free(variables[index]) }
        }
        var child: pid_t = 0
        let result = unsafe posix_spawn(&child, executable, &actions, &attributes, words, variables)
        guard result == 0 else {
            throw CommandFailure(description: "\(executable) does not start: errno \(result)")
        }
        return child
    }

    /// Blocks until a child has ended; its id stays taken until ``reap(_:)``.
    static func waitForEnd(of child: pid_t) {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// Frees the id of a child that has ended.
    /// - Returns: its exit status, or 128 and the number of the signal that ended it.
    static func reap(_ child: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// A list of C strings with its final null; to be freed one by one.
    private static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        return unsafe pointers
    }
}
