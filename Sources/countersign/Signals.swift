import Glibc
import Synchronization

/// The signals that end the process, taken by the main thread, which waits for nothing else, instead of by handlers.
enum Signals {
    /// Who is to hear of a signal; a command that has nothing to end in order waits for none.
    private static let listener = Mutex<CheckedContinuation<String, Never>?>(nil)

    /// Keeps SIGTERM (Kubernetes) and SIGINT (Ctrl-C) for ``take()``. To be called before any other thread exists.
    static func block() {
        var set = makeSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Takes signals for ever, on the main thread. One that nobody listens for ends the process, as it would have
    /// without ``block()``; so does a second one, from an operator who does not want to wait.
    static func take() -> Never {
        while true {
            var set = makeSet()
            var number: Int32 = 0
            guard unsafe sigwait(&set, &number) == 0 else { continue }
            let waiting = listener.withLock { listener in
                defer { listener = nil }
                return listener
            }
            guard let waiting else { _exit(128 + number) }
            waiting.resume(returning: number == SIGINT ? "SIGINT" : "SIGTERM")
        }
    }

    /// Waits for one of the ending signals and returns its name. One caller at a time. What was printed before is on its
    /// way by then, also into a file or a pipe.
    static func next() async -> String {
        fflush(nil)
        return await withCheckedContinuation { continuation in listener.withLock { $0 = continuation } }
    }

    private static func makeSet() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        return set
    }
}
