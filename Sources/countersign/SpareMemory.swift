import CLinux

/// What the allocator keeps for later, given back to the system.
enum SpareMemory {
    /// Gives back now and then, until the task is cancelled. Each time takes well under a millisecond of an idle server.
    static func giveBack(every interval: Duration) async {
        while (try? await Task.sleep(for: interval)) != nil { malloc_trim(0) }
    }
}
