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
}
