import JMESPath
import JSON
import Testing

/// Source: jmespath/jmespath.test (Tests/Fixtures/jmespath/README.md).
@Suite struct ComplianceTests {
    static let files = Fixtures.names(in: "jmespath", withExtension: "json")

    @Test func hasAllCases() throws {
        var count = 0
        for file in Self.files { count += try Self.cases(file).count }
        #expect(Self.files.count == 15)
        #expect(count == 892)
    }

    @Test(arguments: files, ["standard", "Kyverno"])
    func meets(_ file: String, _ dialect: String) throws {
        let functions = dialect == "standard" ? Functions.standard : .kyverno
        for (given, test) in try Self.cases(file) {
            let expression = try #require(test["expression"]?.string)
            let outcome = Self.outcome(expression, given, functions)
            if let error = test["error"]?.string {
                #expect(outcome == .failure(Kind(name: error)), "\(file): \(expression)")
            } else {
                let expected = try #require(test["result"])
                guard case .success(let node) = outcome else {
                    Issue.record("\(file): \(expression) → \(outcome)")
                    continue
                }
                #expect(node.node.isEqual(to: Node(expected)), "\(file): \(expression) → \(node.node.json)")
            }
        }
    }

    static func cases(_ file: String) throws -> [(given: JSON.Value, test: JSON.Value)] {
        let document = try Document(try Fixtures.bytes("jmespath", file))
        return document.root.elements.flatMap { group in
            (group["cases"].map { Array($0.elements) } ?? []).compactMap { test in group["given"].map { ($0, test) } }
        }
    }

    struct Kind: Error, Equatable { let name: String }
    struct Outcome: Equatable {
        let node: Node
        static func == (left: Self, right: Self) -> Bool { left.node.isEqual(to: right.node) }
    }

    static func outcome(_ text: String, _ given: JSON.Value, _ functions: Functions) -> Result<Outcome, Kind> {
        do {
            let query = try Query(parsing: text, functions: functions)
            return .success(Outcome(node: try query.evaluate(Node(given))))
        } catch let error as QueryError {
            return .failure(Kind(name: error.kind.rawValue))
        } catch let error as EvaluationError {
            return .failure(Kind(name: error.kind.rawValue))
        } catch {
            return .failure(Kind(name: "\(error)"))
        }
    }
}
