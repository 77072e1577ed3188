import Foundation
import JSON
import Testing

/// Source: nst/JSONTestSuite (Tests/Fixtures/JSONTestSuite/README.md).
@Suite struct JSONTestSuiteTests {
    static let files = Fixtures.names(in: "JSONTestSuite", withExtension: "json")

    @Test func hasAllFiles() {
        #expect(Self.files.count { $0.hasPrefix("y_") } == 95)
        #expect(Self.files.count { $0.hasPrefix("n_") } == 188)
        #expect(Self.files.count { $0.hasPrefix("i_") } == 35)
    }

    @Test(arguments: files.filter { $0.hasPrefix("y_") })
    func parses(_ name: String) throws {
        let bytes = try Fixtures.bytes("JSONTestSuite", name)
        if name.hasPrefix("y_object_duplicated_key") {
            #expect(throws: ParseError.self) { try Document(bytes) }
        } else {
            _ = try Document(bytes)
        }
        _ = try Document(bytes, duplicateKeys: .keepLast)
    }

    @Test(arguments: files.filter { $0.hasPrefix("n_") })
    func refuses(_ name: String) throws {
        let bytes = try Fixtures.bytes("JSONTestSuite", name)
        #expect(throws: ParseError.self) { try Document(bytes) }
        #expect(throws: ParseError.self) { try Document(bytes, duplicateKeys: .keepLast) }
        // Not for its depth alone: the deep ones are broken otherwise too.
        #expect(throws: ParseError.self) { try Document(bytes, limits: ParseLimits(maximumDepth: .max)) }
    }

    @Test(arguments: files.filter { $0.hasPrefix("i_") })
    func decides(_ name: String) throws {
        let bytes = try Fixtures.bytes("JSONTestSuite", name)
        let document = try? Document(bytes)
        #expect((document != nil) == name.hasPrefix("i_number"), "\(name)")
    }
}
