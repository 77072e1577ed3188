import Testing

@testable import Processes

@Suite struct ChildProcessTests {
    static func shell(_ script: String, input: String = "", timeout: Duration = .seconds(20), limit: Int = 1_000) async
        -> Result<ChildProcess.Output, ChildProcess.Failure>
    {
        await ChildProcess.run(
            "sh", arguments: ["-c", script], input: Array(input.utf8), maximumOutput: limit, timeout: timeout)
    }

    static func output(_ status: Int32, _ text: String) -> Result<ChildProcess.Output, ChildProcess.Failure> {
        .success(ChildProcess.Output(status: status, bytes: Array(text.utf8)))
    }

    @Test func inputAndOutput() async {
        #expect(await Self.shell("cat; echo done; echo noise >&2", input: "in ") == Self.output(0, "in done\n"))
        #expect(await Self.shell("echo no; exit 3") == Self.output(3, "no\n"))
        #expect(await Self.shell("kill -9 $$") == Self.output(137, ""))
        #expect(await Self.shell("exit 0", input: "nobody reads this") == Self.output(0, ""))
    }

    @Test func theEnvironmentIsHandedOn() async {
        #expect(await Self.shell(#"test -n "$PATH" && echo yes"#) == Self.output(0, "yes\n"))
        let result = await ChildProcess.run(
            "sh", arguments: ["-c", #"test -n "$PATH" && echo "$HOME $NEW""#],
            environment: ["HOME": "/nowhere", "NEW": "a=b"], input: [], maximumOutput: 100, timeout: .seconds(20))
        #expect(result == Self.output(0, "/nowhere a=b\n"))
    }

    /// What a server blocks or ignores must not reach a helper. SIGTERM would be ignored by the shell otherwise.
    @Test func signalsAreReset() async {
        #expect(await Self.shell("kill -TERM $$; echo survived") == Self.output(143, ""))
        #expect(await Self.shell("kill -PIPE $$; echo survived") == Self.output(141, ""))
    }

    @Test func nothingButTheThreeStreamsIsInherited() async {
        // The shell's own listing is the fourth.
        let result = await Self.shell("ls /proc/self/fd | grep -vxE '0|1|2|3'")
        guard case .success(let output) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(!String(decoding: output.bytes, as: UTF8.self).contains("socket"))
    }

    @Test func timeIsBounded() async {
        let start = ContinuousClock.now
        #expect(await Self.shell("sleep 600", timeout: .milliseconds(50)) == .failure(.timedOut))
        // A grandchild that holds the pipe is of the same group, and goes with it.
        #expect(await Self.shell("sleep 600 & exit 0", timeout: .milliseconds(50)) == .failure(.timedOut))
        // Output closed, but no end.
        #expect(await Self.shell("exec >&-; sleep 600", timeout: .milliseconds(50)) == .failure(.timedOut))
        #expect(ContinuousClock.now - start < .seconds(300))
    }

    @Test func outputIsBounded() async {
        #expect(await Self.shell("yes", limit: 100) == .failure(.tooMuchOutput(limit: 100)))
    }

    @Test func absentPrograms() async {
        let result = await ChildProcess.run(
            "docker-credential-countersign-no-such", arguments: ["get"], input: [], maximumOutput: 1,
            timeout: .seconds(5))
        #expect(result == .failure(.notFound))
        let tooLong = await ChildProcess.run(
            "true", arguments: [], input: Array(repeating: 0, count: 5_000), maximumOutput: 1, timeout: .seconds(5))
        guard case .failure(.cannotStart) = tooLong else {
            Issue.record("\(tooLong)")
            return
        }
    }
}
