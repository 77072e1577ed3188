import Synchronization
import Testing

@testable import TestSupport

/// Clients that create pods again and again while something else goes on: one whose image is unsigned, and others whose
/// image is good. Each answer must be the right one.
final class Load: Sendable {
    private static let clients = 3

    private let stage: Stage
    private let isOver = Atomic<Bool>(false)
    private let count = Atomic<Int>(0)
    private let wrong = Mutex<[String]>([])

    init(_ stage: Stage) { self.stage = stage }

    /// How many pods were asked about.
    var calls: Int { count.load(ordering: .relaxed) }

    /// What was answered otherwise than it must be.
    var failures: [String] { wrong.withLock { $0 } }

    /// Runs `body` under load.
    func during(_ body: () async throws -> Void) async throws {
        let clients = (0..<Self.clients).map { client in
            Task { [self] in
                while !isOver.load(ordering: .relaxed) { try await ask(client == 0 ? "unsigned" : "signed2") }
            }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        isOver.store(true, ordering: .relaxed)
        for client in clients { try await client.value }
        try result.get()
    }

    private func ask(_ tag: String) async throws {
        let admission = try await stage.admission(of: tag)
        count.add(1, ordering: .relaxed)
        if admission != (tag == "unsigned" ? .denied : .admitted) {
            wrong.withLock { $0.append("\(tag): \(admission)") }
        }
    }
}
