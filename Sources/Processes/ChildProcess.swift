// `environ` is a mutable global of C's; it is handed on to the child and not looked at.
@unsafe @preconcurrency import CLinux
import Dispatch
import Glibc

/// Runs a program to its end, with bounds on its time and its output.
public enum ChildProcess {
    public struct Output: Sendable, Equatable {
        /// The exit status, or 128 and the signal's number.
        public let status: Int32
        /// What it wrote to standard output.
        public let bytes: [UInt8]

        public init(status: Int32, bytes: [UInt8]) {
            self.status = status
            self.bytes = bytes
        }
    }

    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case notFound
        case cannotStart(errno: Int32)
        case timedOut
        case tooMuchOutput(limit: Int)

        public var description: String {
            switch self {
            case .notFound: "is not installed"
            case .cannotStart(let number): "cannot be started (errno \(number))"
            case .timedOut: "did not finish in time"
            case .tooMuchOutput(let limit): "wrote more than \(limit) bytes"
            }
        }
    }

    /// Inputs are written before the program starts, so they must fit into what a pair of sockets holds (100 KiB and more).
    public static let maximumInput = 4_096

    /// Runs `program`, found on the PATH, in a process group of its own. Its standard error is not read.
    ///
    /// - Parameter environment: variables to set besides those that this process has.
    public static func run(
        _ program: String, arguments: [String], environment: [String: String] = [:], input: [UInt8], maximumOutput: Int,
        timeout: Duration
    ) async -> Result<Output, Failure> {
        let deadline = ContinuousClock.now + timeout
        // Waiting for a child blocks, so it is done on a thread of its own and not on one that tasks share.
        return await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(
                    returning: runBlocking(
                        program, arguments: arguments, environment: environment, input: input,
                        maximumOutput: maximumOutput, deadline: deadline))
            }
        }
    }

    private static func runBlocking(
        _ program: String, arguments: [String], environment: [String: String], input: [UInt8], maximumOutput: Int,
        deadline: ContinuousClock.Instant
    ) -> Result<Output, Failure> {
        // (1) The input lies ready in a pipe before anybody reads, so that writing can neither block nor raise SIGPIPE.
        guard input.count <= maximumInput, let inputPipe = Pipe(), let outputPipe = Pipe() else {
            return .failure(.cannotStart(errno: errno))
        }
        guard unsafe write(inputPipe.writeEnd, input, input.count) == input.count else {
            return .failure(.cannotStart(errno: errno))
        }
        inputPipe.closeWriteEnd()

        // (2) The child.
        let child: pid_t
        let spawned = spawn(
            program, arguments: arguments, environment: environment, input: inputPipe.readEnd,
            output: outputPipe.writeEnd)
        switch spawned {
        case .success(let pid): child = pid
        case .failure(let failure): return .failure(failure)
        }
        outputPipe.closeWriteEnd()

        // (3) Its output and its end, or else its group is killed: a grandchild may hold the pipe.
        let output = read(outputPipe.readEnd, limit: maximumOutput, deadline: deadline)
        guard case .success(let bytes) = output, let status = wait(for: child, until: deadline) else {
            kill(-child, SIGKILL)
            _ = wait(for: child, until: nil)
            if case .failure(let failure) = output { return .failure(failure) }
            return .failure(.timedOut)
        }
        return .success(Output(status: status, bytes: bytes))
    }

    private static func spawn(
        _ program: String, arguments: [String], environment: [String: String], input: Int32, output: Int32
    ) -> Result<pid_t, Failure> {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // Whatever a library has opened without O_CLOEXEC: a helper gets its three streams and nothing else.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        // The server ignores SIGPIPE and blocks SIGTERM and SIGINT; a child inherits both unless told otherwise.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&signals, signal) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        let words = CStrings([program] + arguments)
        let variables = CStrings(variables(overridden: environment))
        var child: pid_t = 0
        let result = unsafe posix_spawnp(
            &child, program, &actions, &attributes, words.pointers, variables.pointers)
        switch result {
        case 0: return .success(child)
        case ENOENT: return .failure(.notFound)
        default: return .failure(.cannotStart(errno: result))
        }
    }

    /// This process's variables as C has them, `NAME=value`, but for those that are set anew.
    private static func variables(overridden: [String: String]) -> [String] {
        var variables = overridden.map { "\($0.key)=\($0.value)" }
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let variable = unsafe String(cString: text)
            let name = variable.prefix { $0 != "=" }
            if overridden[String(name)] == nil { variables.append(variable) }
            unsafe entry += 1
        }
        return variables
    }

    private static func read(
        _ descriptor: Int32, limit: Int, deadline: ContinuousClock.Instant
    ) -> Result<[UInt8], Failure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = (deadline - .now) / .milliseconds(1)
            guard milliseconds > 0 else { return .failure(.timedOut) }
            let ready = unsafe poll(&request, 1, Int32(min(milliseconds.rounded(.up), 60_000)))
            guard ready > 0 else { continue }
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return .success(bytes) }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { return .failure(.tooMuchOutput(limit: limit)) }
        }
    }

    /// Waits for the child's end, at most until `deadline`; nil when it has not ended.
    private static func wait(for child: pid_t, until deadline: ContinuousClock.Instant?) -> Int32? {
        while true {
            var status: Int32 = 0
            let result = unsafe waitpid(child, &status, deadline == nil ? 0 : WNOHANG)
            if result == child { return exitStatus(status) }
            if result < 0 && errno != EINTR { return nil }
            if let deadline {
                guard deadline > .now else { return nil }
                // It has closed its output, so its end is a moment away.
                _ = poll(nil, 0, 2)
            }
        }
    }

    /// wait(2)'s encoding: the low 7 bits are a signal, the next byte is an exit status.
    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }
}

/// Texts as C wants a list of them, with a null at the end; freed with this object.
@safe private final class CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) { unsafe pointers = texts.map { unsafe strdup($0) } + [nil] }

    deinit { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
}

/// Both ends of a pipe that no other child inherits; what is still open is closed with this object. It is a pair of
/// sockets because those are close-on-exec from the start, and Swift's Glibc shows no pipe2.
private final class Pipe {
    let readEnd: Int32
    private(set) var writeEnd: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    func closeWriteEnd() {
        if writeEnd >= 0 { close(writeEnd) }
        writeEnd = -1
    }

    deinit {
        closeWriteEnd()
        close(readEnd)
    }
}
