import Glibc
import HTTPClient
import OpenSSL

/// Where the process begins.
@main
enum Main {
    /// Not an async function: on Linux its main thread would wait with every signal let through, and SIGTERM would end
    /// the process on the spot.
    static func main() {
        // Before any thread exists: a thread inherits the mask of the one that makes it, and a signal must find only
        // the waiter. OpenSSL comes before libcurl, which would set it up with its own choices.
        Signals.block()
        raiseDescriptorLimit()
        OpenSSLLibrary.initialize()
        HTTPClient.initializeLibrary()
        Task.detached {
            await Countersign.main()
            exit(EXIT_SUCCESS)
        }
        Signals.take()
    }

    /// The usual soft limit of 1,024 descriptors is below the number of connections that a server may hold.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
