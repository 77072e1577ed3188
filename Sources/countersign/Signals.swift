import Dispatch
import Glibc

/// The signals that end the process in order, taken by one waiting thread instead of by handlers.
enum Signals {
    /// Keeps SIGTERM (Kubernetes) and SIGINT (Ctrl-C) for ``next()``. To be called before any other thread exists.
    static func block() {
        var set = makeSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for one of the ending signals and returns its name.
    static func next() async -> String {
        await withCheckedContinuation { continuation in
            // A thread of its own: sigwait blocks, and a thread of the cooperative pool must not.
            DispatchQueue(label: "countersign.signals").async {
                var set = makeSet()
                var number: Int32 = 0
                while unsafe sigwait(&set, &number) != 0 {}
                continuation.resume(returning: number == SIGINT ? "SIGINT" : "SIGTERM")
            }
        }
    }

    private static func makeSet() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        return set
    }
}
