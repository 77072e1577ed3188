import OCI

/// How a ``LocalRegistry`` behaves: which parts of the API it has, whom it lets in, and what goes wrong.
///
/// A value; it can be replaced while the registry runs, and counts from then on.
public struct Behaviour: Sendable {
    /// What asking for referrers brings.
    public enum ReferrersAPI: Sendable, Equatable {
        case served
        /// Another status, as registries without the API answer: 404 mostly, 400 and 406 are known too.
        case absent(status: Int)
        /// 200 with something that is no index.
        case notAnIndex
    }

    public var referrers: ReferrersAPI
    /// More entries than this are sent in pages, linked by `Link`.
    public var referrersPageSize: Int?
    /// Whether `?artifactType=` is honoured, and said to be by `OCI-Filters-Applied`.
    public var filtersReferrers: Bool
    /// The trap: entries of the referrers API carry the artifact type of the empty config and no annotations, as in
    /// go-containerregistry's registry. (Of the fallback index it is always so.)
    public var hidesArtifactTypes: Bool
    public var authentication: Authentication
    /// The first fault that concerns a request decides about it.
    public var faults: [Fault]

    public init(
        referrers: ReferrersAPI = .served, referrersPageSize: Int? = nil, filtersReferrers: Bool = true,
        hidesArtifactTypes: Bool = false, authentication: Authentication = .none, faults: [Fault] = []
    ) {
        self.referrers = referrers
        self.referrersPageSize = referrersPageSize
        self.filtersReferrers = filtersReferrers
        self.hidesArtifactTypes = hidesArtifactTypes
        self.authentication = authentication
        self.faults = faults
    }
}

/// Something that goes wrong with some requests.
public struct Fault: Sendable {
    public enum Effect: Sendable {
        /// The request is taken and never answered.
        case stall
        /// The answer begins, and stops after so many bytes of its body.
        case stallInBody(after: Int)
        /// The connection ends without an answer.
        case disconnect
        /// `Docker-Content-Digest` names something else. The content is right.
        case wrongDigestHeader
        /// Other content than was asked for, of the same length; the header is right.
        case otherContent
        /// The body ends after so many bytes; the stated length is right.
        case truncate(after: Int)
        /// The body never ends: in chunks, or with a length that was stated.
        case endless(statedLength: Int?)
        /// An answer instead of the right one.
        case status(Int, ErrorCode, retryAfter: String?)
        /// To the same path and query under another origin, which may be the registry's own for a loop.
        case redirect(toOrigin: String, status: Int)
        /// To one URL, whatever was asked.
        case redirectTo(url: String, status: Int)
        /// The manifests of these digests in turn, one for each request: what a tag means changes while somebody looks
        /// (Kyverno CVE-2022-47633).
        case takeTurns([Digest])
    }

    public var effect: Effect
    public var kinds: Set<RequestKind>
    /// Only requests whose path and query contain this text.
    public var target: String?
    /// How many requests it meets before it is over; nil for all.
    public var times: Int?

    public init(_ effect: Effect, on kinds: Set<RequestKind>, target: String? = nil, times: Int? = nil) {
        self.effect = effect
        self.kinds = kinds
        self.target = target
        self.times = times
    }
}
