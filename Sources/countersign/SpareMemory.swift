import CLinux

/// Memory that is kept and not needed, given back to the system.
enum SpareMemory {
    /// What it takes a server to get ready, and a little more.
    private static let startTime = Duration.seconds(5)

    /// Gives back what the start left behind, and then, now and then, what the allocator keeps; until the task is
    /// cancelled. Each time takes well under a millisecond of an idle server.
    static func giveBack(every interval: Duration) async {
        // Most of the code that has run by then is never needed again: flags, definitions, lists, compiling policies. Once
        // when it has got ready, and once after the first scan and statuses.
        for pause in [startTime, interval] {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            countersign_release_code()
            malloc_trim(0)
        }
        while (try? await Task.sleep(for: interval)) != nil { malloc_trim(0) }
    }
}
