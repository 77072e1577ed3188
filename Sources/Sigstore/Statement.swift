import JSON
import OCI

/// An in-toto statement: a predicate of a type about subjects.
///
/// Made only from the payload of an envelope whose signature was verified.
/// Source: in-toto Attestation Framework, Statement v0.1 and v1.
struct Statement {
    static let payloadType = "application/vnd.in-toto+json"
    static let types: Set<String> = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"]

    /// A signature has one subject; a build's provenance may have one for each of its products.
    static let maximumSubjects = 1024

    struct Subject {
        /// `digest.sha256` as written, hexadecimal.
        let sha256: String?
        let annotations: Value?
    }

    let document: Document
    let predicateType: String
    let subjects: [Subject]

    /// - Throws: ``SignatureFailure/malformedClaims(_:)`` or ``SignatureFailure/typeMismatch(found:)``.
    init(parsing payload: [UInt8], of payloadType: String) throws(SignatureFailure) {
        guard payloadType == Self.payloadType else {
            throw .typeMismatch(found: "a payload of type \(quoted(payloadType))")
        }
        let document: Document
        do {
            document = try Document(payload, limits: Bundle.parseLimits, duplicateKeys: .refuse)
        } catch {
            throw .malformedClaims("the statement is not JSON: \(error)")
        }
        let root = document.root
        guard let type = root["_type"]?.string else { throw .malformedClaims("the statement has no _type") }
        guard Self.types.contains(type) else { throw .typeMismatch(found: "a statement of type \(quoted(type))") }
        guard let predicateType = root["predicateType"]?.string else {
            throw .malformedClaims("the statement has no predicateType")
        }
        guard let subjects = root["subject"], subjects.kind == .array, subjects.count > 0 else {
            throw .malformedClaims("the statement has no subject")
        }
        guard subjects.count <= Self.maximumSubjects else {
            throw .malformedClaims("the statement has more than \(Self.maximumSubjects) subjects")
        }
        self.document = document
        self.predicateType = predicateType
        self.subjects = subjects.elements.map { subject in
            Subject(sha256: subject["digest"]?["sha256"]?.string, annotations: subject["annotations"])
        }
    }

    /// The subjects that are this image.
    ///
    /// - Throws: ``SignatureFailure/digestMismatch(signed:expected:)`` when there is none.
    func subjects(for image: Digest) throws(SignatureFailure) -> [Subject] {
        let matching = subjects.filter { $0.sha256?.utf8.elementsEqual(image.hex.utf8) ?? false }
        guard !matching.isEmpty else {
            let first = subjects.compactMap(\.sha256).first
            throw .digestMismatch(signed: first.map { quoted("sha256:" + $0) } ?? "something else", expected: image)
        }
        return matching
    }

    /// The subject that carries all of the annotations: those of several do not add up.
    ///
    /// - Throws: ``SignatureFailure/annotationMismatch(key:expected:)`` when there is none.
    static func subject(
        carrying annotations: [String: String], among subjects: [Subject]
    ) throws(SignatureFailure) -> Subject {
        var failure = SignatureFailure.malformedClaims("the statement has no subject")
        for subject in subjects {
            do {
                try Annotations.require(annotations, in: subject.annotations)
                return subject
            } catch {
                failure = error
            }
        }
        throw failure
    }
}
