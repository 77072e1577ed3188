import CLinux
import Glibc

/// A thread of the system's, for an event loop: a loop waits in the kernel, which tasks must not.
enum LoopThread {
    private final class Work {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Runs `work` on a new thread. Ends the process when there are no threads to be had: it could not serve.
    static func start(name: String, _ work: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Work(name: name, run: work)).toOpaque()
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                unsafe pthread_setname_np(pthread_self(), work.name)
                work.run()
                return nil
            }, box)
        guard result == 0 else { fatalError("pthread_create failed: \(ServerError.text(of: result))") }
        pthread_detach(thread)
    }
}
