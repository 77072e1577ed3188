import Cluster
import Testing

@Suite("The latest value")
struct LatestTests {
    @Test("A listener hears the value there is, and then the newest")
    func listening() async {
        let latest = Latest(1)
        var values = latest.values().makeAsyncIterator()
        #expect(await values.next() == 1)
        latest.set(2)
        latest.set(3)
        #expect(await values.next() == 3)
        #expect(latest.value == 3)
    }

    @Test("Listeners that end while values are set hold nobody up", .timeLimit(.minutes(1)))
    func ending() async {
        let latest = Latest(0)
        let setter = Task.detached { while !Task.isCancelled { latest.set(latest.value + 1) } }
        for _ in 0..<5_000 {
            let listener = Task.detached { for await _ in latest.values() {} }
            await Task.yield()
            listener.cancel()
            await listener.value
        }
        setter.cancel()
        await setter.value
    }
}
