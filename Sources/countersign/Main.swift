import HTTPClient
import OpenSSL

/// Where the process begins.
@main
enum Main {
    static func main() async {
        // Before any thread exists: a thread inherits the mask of the one that makes it, and a signal must find only
        // the waiter. OpenSSL comes before libcurl, which would set it up with its own choices.
        Signals.block()
        OpenSSLLibrary.initialize()
        HTTPClient.initializeLibrary()
        await Countersign.main()
    }
}
