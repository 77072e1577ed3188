import ArgumentParser

/// Ends a command with exit code 1 and one message.
struct Failed: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
