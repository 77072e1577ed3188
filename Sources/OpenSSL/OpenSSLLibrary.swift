import COpenSSL

/// The one place where libcrypto and libssl are initialised.
public enum OpenSSLLibrary {
    /// Initialises OpenSSL without its exit handler.
    ///
    /// Every type of this module does it by itself. A program that uses another library on top of OpenSSL (libcurl) calls
    /// this before that library's own initialisation, because the first initialisation decides about the exit handler.
    public static func initialize() {
        _ = initialized
    }

    private static let initialized: Bool = {
        precondition(countersign_init() == 1, "OpenSSL does not initialise; is its configuration file readable?")
        return true
    }()
}
