import Glibc

/// Starts a thread of its own for `work`; it ends when `work` returns.
func startThread(_ work: @escaping @Sendable () -> Void) throws(HTTPClient.Failure) {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(ThreadWork(body: work)).toOpaque()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context = unsafe context else { return nil }
        // The process's signals are other threads' business, and one that a broken connection raises here is nobody's.
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        unsafe Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body()
        return nil
    }
    let status = unsafe pthread_create(&thread, nil, run, box)
    guard status == 0 else {
        unsafe Unmanaged<ThreadWork>.fromOpaque(box).release()
        throw .configuration("no thread for the HTTP client")
    }
    pthread_detach(thread)
}

private final class ThreadWork: Sendable {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
