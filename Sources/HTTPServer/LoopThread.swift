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

    /// Runs `work` on a new thread.
    static func start(name: String, _ work: @escaping @Sendable () -> Void) throws(ServerError) {
        let box = unsafe Unmanaged.passRetained(Work(name: name, run: work))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                unsafe pthread_setname_np(pthread_self(), work.name)
                work.run()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            unsafe box.release()
            throw .system("pthread_create", result)
        }
        pthread_detach(thread)
    }
}
