import OCI

/// What faults do to answers.
enum FaultyAnswer {
    /// The answer of a fault that needs no right one.
    static func instead(of request: RegistryRequest, _ effect: Fault.Effect) -> Answer? {
        switch effect {
        case .stall:
            var answer = Answer(200)
            answer.delivery = .silent
            return answer
        case .disconnect:
            var answer = Answer(200)
            answer.delivery = .dropped
            return answer
        case .status(let status, let code, let retryAfter):
            let headers = retryAfter.map { [(name: "Retry-After", value: $0)] } ?? []
            return Answer(status, code, "the registry was told to answer \(status)", headers: headers)
        case .redirect(let origin, let status):
            return Answer(status, headers: [("Location", origin + request.target)])
        case .redirectTo(let url, let status):
            return Answer(status, headers: [("Location", url)])
        case .stallInBody, .wrongDigestHeader, .otherContent, .truncate, .endless, .takeTurns:
            return nil
        }
    }

    /// A right answer as the fault lets it go out.
    static func spoiled(_ answer: Answer, _ effect: Fault.Effect) -> Answer {
        var spoiled = answer
        switch effect {
        case .stallInBody(let count): spoiled.delivery = .stalled(after: count)
        case .truncate(let count): spoiled.delivery = .truncated(after: count)
        case .endless(let length): spoiled.delivery = .endless(statedLength: length)
        case .wrongDigestHeader:
            for index in spoiled.headers.indices where spoiled.headers[index].name == Answer.digestHeader {
                spoiled.headers[index].value = Digest(of: Array("something else".utf8)).description
            }
        case .otherContent:
            // A space at the end of JSON is still JSON, so that only the hash can tell.
            if spoiled.body.isEmpty { break }
            if spoiled.body[spoiled.body.count - 1] == UInt8(ascii: "}") {
                spoiled.body.append(UInt8(ascii: " "))
            } else {
                spoiled.body[spoiled.body.count - 1] ^= 1
            }
        case .stall, .disconnect, .status, .redirect, .redirectTo, .takeTurns: break
        }
        return spoiled
    }
}

extension Answer {
    static let digestHeader = "Docker-Content-Digest"
}
