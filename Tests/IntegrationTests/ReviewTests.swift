import Foundation
import Testing

@testable import TestSupport

/// The templates, before anything is posted.
@Suite struct ReviewTests {
    @Test func containersAreWrittenInTheirLists() throws {
        var review = Review("a:1", "b:2")
        review.initContainers = ["c:3"]
        let object = try #require(try Self.request(review)["object"] as? [String: Any])
        let spec = try #require(object["spec"] as? [String: Any])
        #expect(Self.images(spec, "containers") == ["a:1", "b:2"])
        #expect(Self.images(spec, "initContainers") == ["c:3"])
        #expect(spec["ephemeralContainers"] == nil)
    }

    @Test func anUpdateCarriesTheOldObject() throws {
        var review = Review("a:1", template: .podEphemeralUpdate)
        review.oldContainers = ["a:1"]
        review.ephemeralContainers = ["debug:1"]
        let request = try Self.request(review)
        let new = try #require((request["object"] as? [String: Any])?["spec"] as? [String: Any])
        let old = try #require((request["oldObject"] as? [String: Any])?["spec"] as? [String: Any])
        #expect(Self.images(new, "ephemeralContainers") == ["debug:1"])
        #expect(Self.images(old, "containers") == ["a:1"])
        #expect(request["subResource"] as? String == "ephemeralcontainers")
    }

    private static func request(_ review: Review) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(try review.bytes())) as? [String: Any]
        return try #require(object?["request"] as? [String: Any])
    }

    private static func images(_ spec: [String: Any], _ list: String) -> [String] {
        (spec[list] as? [[String: Any]] ?? []).compactMap { $0["image"] as? String }
    }
}
