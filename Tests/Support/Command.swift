import Foundation
import Synchronization

/// What a finished command left behind.
struct CommandResult: Sendable, CustomStringConvertible {
    var status: Int32
    var output: String
    var errors: String

    var description: String { "exit \(status)\n\(output)\n\(errors)" }
}

/// A command that could not be run to its end, or that ended otherwise than its caller needs.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String
}

/// Runs programs to their end, each with a time limit, without blocking a thread of the tests.
enum Command {
    /// Runs `executable` and waits for its end, at most `limit`; a command that takes longer is killed.
    ///
    /// The environment is small and the same everywhere: no proxies, no credentials, a home of its own.
    static func run(
        _ executable: String,
        _ arguments: [String],
        in folder: TemporaryFolder,
        environment: [String: String] = [:],
        input: [UInt8] = [],
        limit: Duration = .seconds(60)
    ) async throws -> CommandResult {
        let inputPath = folder.unique("stdin")
        try Data(input).write(to: URL(filePath: inputPath))
        let child = try Child(
            executable, arguments, in: folder, environment: environment, inputPath: inputPath)
        guard let status = await child.end(within: limit) else {
            child.kill()
            throw CommandFailure(description: "\(executable) \(arguments) took longer than \(limit)\n\(child.errors)")
        }
        return CommandResult(status: status, output: child.output, errors: child.errors)
    }

    /// Like `run`, for a command that must succeed.
    @discardableResult
    static func succeed(
        _ executable: String,
        _ arguments: [String],
        in folder: TemporaryFolder,
        environment: [String: String] = [:],
        input: [UInt8] = []
    ) async throws -> String {
        let result = try await run(executable, arguments, in: folder, environment: environment, input: input)
        guard result.status == 0 else {
            throw CommandFailure(description: "\(executable) \(arguments): \(result)")
        }
        return result.output
    }
}

/// A child process whose output goes to files, killed at the latest when nobody refers to it any more.
final class Child: Sendable {
    let processID: Int32
    private let outputPath: String
    private let errorPath: String
    private let ending: Ending

    init(
        _ executable: String,
        _ arguments: [String],
        in folder: TemporaryFolder,
        environment: [String: String] = [:],
        inputPath: String = "/dev/null"
    ) throws {
        let name = URL(filePath: executable).lastPathComponent
        let outputPath = folder.unique(name + ".stdout")
        let errorPath = folder.unique(name + ".stderr")
        var variables = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path]
        variables.merge(environment) { _, given in given }
        let processID = try Spawn.start(
            executable, arguments, environment: variables, input: .file(inputPath),
            outputPath: outputPath, errorPath: errorPath)
        Undertaker.shared.born(processID)
        self.processID = processID
        self.outputPath = outputPath
        self.errorPath = errorPath
        let ending = Ending()
        self.ending = ending
        Thread.detachNewThread {
            Spawn.waitForEnd(of: processID)
            ending.record { Spawn.reap(processID) }
            Undertaker.shared.died(processID)
        }
    }

    deinit { kill() }

    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }
    var hasEnded: Bool { ending.status != nil }

    /// Sends a signal to this process and no other: never after its end, when the id may be another's.
    func signal(_ number: Int32) { ending.unlessEnded { _ = Foundation.kill(processID, number) } }

    func kill() { signal(SIGKILL) }

    /// The exit status, or nil when the process has not ended after `limit`.
    func end(within limit: Duration) async -> Int32? {
        let timer = Task { [ending] in
            try await Task.sleep(for: limit)
            ending.wakeWaiters()
        }
        defer { timer.cancel() }
        return await ending.wait()
    }
}

/// The end of a process, which somebody records and others wait for.
private final class Ending: Sendable {
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var status: Int32? { state.withLock { $0.status } }

    func record(_ status: () -> Int32) {
        state.withLock { $0.status = status() }
        wakeWaiters()
    }

    func unlessEnded(_ body: () -> Void) {
        state.withLock { if $0.status == nil { body() } }
    }

    /// The status, or nil when the waiters were woken before there was one.
    func wait() async -> Int32? {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status != nil
            }
            if hasEnded { continuation.resume() }
        }
        return status
    }

    func wakeWaiters() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
