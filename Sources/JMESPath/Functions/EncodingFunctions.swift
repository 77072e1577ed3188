import JSON
import OpenSSL
import YAML

/// Source: Kyverno's documentation of its functions.
extension Functions {
    static let encodingFunctions: [Function] = [
        Function("base64_encode", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: 2 * text.utf8.count)
            return .string(Base64.encode(Array(text.utf8)))
        },
        Function("base64_decode", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: text.utf8.count)
            // Line ends are passed over, as Go does.
            let joined = String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
            guard let bytes = Base64.decode(joined) else { throw call.invalidValue("the text is not base64") }
            guard let decoded = String(validating: bytes, as: UTF8.self) else {
                throw call.invalidValue("what the base64 holds is not text")
            }
            return .string(decoded)
        },
        Function("parse_json", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: documentCost * text.utf8.count)
            do {
                return .json(try Document(text: text).root)
            } catch {
                throw call.invalidValue("the text is not JSON: \(error)")
            }
        },
        Function("parse_yaml", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: documentCost * text.utf8.count)
            let documents: [Document]
            do {
                documents = try YAML.documents(Array(text.utf8))
            } catch {
                throw call.invalidValue("the text is not YAML: \(error)")
            }
            guard documents.count < 2 else { throw call.invalidValue("the text holds \(documents.count) documents") }
            return documents.first.map { .json($0.root) } ?? .null
        },
        Function("md5", .string) { call, evaluation throws(EvaluationError) in
            try hashed(call, &evaluation, LegacyHash.md5.digest)
        },
        Function("sha1", .string) { call, evaluation throws(EvaluationError) in
            try hashed(call, &evaluation, LegacyHash.sha1.digest)
        },
        Function("sha256", .string) { call, evaluation throws(EvaluationError) in
            try hashed(call, &evaluation, HashAlgorithm.sha256.digest)
        },
    ]

    /// What a byte of a parsed text counts in memory, for the tape beside the text.
    private static let documentCost = 8

    private static func hashed(
        _ call: Call,
        _ evaluation: inout Evaluation,
        _ hash: ([UInt8]) -> [UInt8]?
    ) throws(EvaluationError) -> Node {
        let text = try call.string(0)
        try evaluation.spend(bytes: text.utf8.count)
        guard let digest = hash(Array(text.utf8)) else {
            throw call.invalidValue("OpenSSL is set up not to offer this hash function")
        }
        let digits = Array("0123456789abcdef".utf8)
        return .string(
            String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0F)]] }, as: UTF8.self))
    }
}
