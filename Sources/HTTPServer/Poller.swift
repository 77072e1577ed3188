import CLinux
import Glibc

/// An epoll instance, level-triggered.
struct Poller: ~Copyable, Sendable {
    /// What a file descriptor is watched for. Errors and hang-ups are always told.
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    struct Event {
        let datum: UInt64
        let isReadable: Bool
        let isWritable: Bool
        /// The peer has gone in both directions, or the socket failed.
        let isBroken: Bool
    }

    /// Events taken in one wait: what fits the stack. More wait in the kernel.
    private static let capacity = 64

    private let descriptor: Int32

    init() throws(ServerError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .system("epoll_create1", errno) }
    }

    deinit {
        close(descriptor)
    }

    func add(_ file: Int32, _ interest: Interest, datum: UInt64) throws(ServerError) {
        guard countersign_epoll_control(descriptor, EPOLL_CTL_ADD, file, interest.rawValue, datum) == 0 else {
            throw .system("epoll_ctl", errno)
        }
    }

    /// Changes what `file`, which has been added, is watched for.
    func change(_ file: Int32, _ interest: Interest, datum: UInt64) {
        let result = countersign_epoll_control(descriptor, EPOLL_CTL_MOD, file, interest.rawValue, datum)
        assert(result == 0, "a file that is not watched")
    }

    /// Waits for events, at most `milliseconds` (-1: for ever), and hands each to `use`.
    func wait(milliseconds: Int32, _ use: (Event) -> Void) {
        unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.capacity) { events in
            guard let first = events.baseAddress else { return }
            let count = unsafe epoll_wait(descriptor, first, Int32(Self.capacity), milliseconds)
            for index in 0..<max(0, Int(count)) {
                let bits = unsafe countersign_epoll_events(first + index)
                use(
                    Event(
                        datum: unsafe countersign_epoll_datum(first + index),
                        isReadable: bits & EPOLLIN.rawValue != 0,
                        isWritable: bits & EPOLLOUT.rawValue != 0,
                        isBroken: bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
                    ))
            }
        }
    }
}
