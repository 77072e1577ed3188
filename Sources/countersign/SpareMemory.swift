import CLinux

/// Memory that is kept and not needed, given back to the system.
enum SpareMemory {
    /// Gives back what the start left behind, and then, now and then, what the allocator keeps; until the task is
    /// cancelled. Each time takes well under a millisecond of an idle server.
    static func giveBack(every interval: Duration) async {
        guard (try? await Task.sleep(for: interval)) != nil else { return }
        // Most of the code that has run by now is never needed again: flags, definitions, lists, compiling policies.
        countersign_release_code()
        repeat { malloc_trim(0) } while (try? await Task.sleep(for: interval)) != nil
    }
}
