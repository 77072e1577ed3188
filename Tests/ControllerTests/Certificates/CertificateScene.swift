import JSON
import Kubernetes
import OpenSSL

@testable import Cluster

/// What the tests of certificates begin with.
enum CertificateScene {
    static let day = 86_400
    /// 2026-11-23, 00:00.
    static let start = 1_795_392_000
    static let installation = Installation()
    static let names = ServingNames(installation)
    static let schedule = CertificateSchedule.standard
    static let plan = CertificatePlan(schedule: schedule, names: names)
    static let maker = CertificateMaker(schedule: schedule, names: names)
    static let name = ObjectName(installation.caSecret, namespace: installation.namespace)

    /// A first book, as it is made at `now`.
    static func book(at now: Int = start, _ maker: CertificateMaker = maker) throws -> CertificateBook {
        try apply(.begin(keeping: [], .first), at: now, maker)
    }

    static func apply(
        _ action: CertificateAction, at now: Int = start, _ maker: CertificateMaker = maker
    ) throws -> CertificateBook {
        guard let book = try maker.book(after: action, at: now) else {
            throw CertificateMaker.Failure(description: "\(action.word) makes nothing")
        }
        return book
    }

    static func announced(_ book: CertificateBook, at now: Int = start) throws -> CertificateBook {
        try apply(.announce(book, next: nil, .requested), at: now)
    }

    static func promoted(_ book: CertificateBook, at now: Int = start) throws -> CertificateBook {
        guard let next = book.next else { throw CertificateMaker.Failure(description: "there is nothing next") }
        return try apply(.promote(book, next), at: now)
    }

    static func state(_ book: CertificateBook) -> CertificateState {
        book.next == nil ? .steady(book) : .announced(book)
    }

    static func body(
        _ book: CertificateBook, over known: Value? = nil, endsRequest: Bool = false
    ) throws -> [UInt8] {
        try CertificateSecret.body(book, named: name, over: known, endsRequest: endsRequest)
    }

    static func secret(_ book: CertificateBook, over known: Value? = nil) throws -> Value {
        try Document(try body(book, over: known)).root
    }

    /// The Secret with one of its texts put differently; nil takes it away.
    static func secret(_ book: CertificateBook, _ key: String, _ text: String?) throws -> Value {
        let secret = try secret(book)
        var writer = Writer()
        writer.beginObject()
        for (name, value) in secret.members where name != "data" {
            writer.key(name)
            writer.value(value)
        }
        writer.key("data")
        writer.beginObject()
        if let data = secret["data"] {
            for (name, value) in data.members where name != key {
                writer.key(name)
                writer.value(value)
            }
        }
        if let text {
            writer.key(key)
            writer.base64(Array(text.utf8))
        }
        writer.endObject()
        writer.endObject()
        return try Document(writer.bytes).root
    }
}
