import Foundation

/// HTTP by curl: a client that is not ours, so that a fault in our own client cannot hide one in our server.
struct Curl: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        func header(_ name: String) -> String? { headers[name.lowercased()] }
    }

    let folder: TemporaryFolder

    /// One request. A status of 0 means that no answer came; the body is then curl's own message.
    func send(
        _ method: String,
        _ url: String,
        headers: [String] = [],
        body: [UInt8]? = nil,
        caFile: String? = nil,
        options: [String] = []
    ) async throws -> Answer {
        let bodyPath = folder.unique("body")
        let headPath = folder.unique("head")
        defer { for path in [bodyPath, headPath] { try? FileManager.default.removeItem(atPath: path) } }
        var arguments = [
            "--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--path-as-is",
            "--request", method, "--output", bodyPath, "--dump-header", headPath, "--write-out", "%{http_code}",
        ]
        if let caFile { arguments += ["--cacert", caFile] }
        for header in headers { arguments += ["--header", header] }
        if body != nil { arguments += ["--data-binary", "@-"] }
        if method == "HEAD" { arguments += ["--head"] }
        let result = try await Command.run(
            Parts.curl, arguments + options + [url], in: folder, input: body ?? [], limit: .seconds(90))
        guard let status = Int(result.output.suffix(3)), status > 0 else {
            return Answer(status: 0, headers: [:], body: Array(result.errors.utf8))
        }
        // With `Expect: 100-continue` there are several heads; the last one counts.
        let heads = (try? String(contentsOfFile: headPath, encoding: .utf8)) ?? ""
        let head = heads.replacing("\r\n", with: "\n").split(separator: "\n\n").last ?? ""
        var fields: [String: String] = [:]
        for line in head.split(separator: "\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let data = (try? Data(contentsOf: URL(filePath: bodyPath))) ?? Data()
        return Answer(status: status, headers: fields, body: Array(data))
    }
}
