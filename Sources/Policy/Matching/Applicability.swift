/// Whether a clause, a filter, a block or a rule is about a request, as far as is known.
///
/// Three-valued: what is settled by the request alone needs no fact, so that a rule about Deployments asks nothing
/// when a Pod comes in, and a fact that is missing counts only where it makes a difference.
enum Applicability: Sendable, Hashable {
    case no
    case yes
    case undecided(Doubt)

    /// What it hangs on.
    struct Doubt: Sendable, Hashable {
        /// Facts that were not asked for yet.
        var needs: RuleNeeds = []
        /// The first fact that was asked for and is not to be had.
        var failure: FactFailure?

        func merging(_ other: Doubt) -> Doubt {
            Doubt(needs: needs.union(other.needs), failure: failure ?? other.failure)
        }
    }

    init(_ isAbout: Bool) { self = isAbout ? .yes : .no }

    /// Decides by a fact, where it is there.
    init<Fact>(_ fact: Result<Fact, FactFailure>?, _ need: RuleNeeds, _ decide: (Fact) -> Bool) {
        switch fact {
        case .success(let fact): self.init(decide(fact))
        case .failure(let failure): self = .undecided(Doubt(failure: failure))
        case nil: self = .undecided(Doubt(needs: need))
        }
    }

    static func & (left: Applicability, right: @autoclosure () -> Applicability) -> Applicability {
        if left == .no { return .no }
        switch (left, right()) {
        case (_, .no): return .no
        case (.undecided(let a), .undecided(let b)): return .undecided(a.merging(b))
        case (.undecided(let doubt), _), (_, .undecided(let doubt)): return .undecided(doubt)
        default: return .yes
        }
    }

    static prefix func ! (value: Applicability) -> Applicability {
        switch value {
        case .no: .yes
        case .yes: .no
        case .undecided: value
        }
    }
}

extension Array {
    /// `yes` when one element is, `no` when none can be.
    func anyApplies(_ applies: (Element) -> Applicability) -> Applicability {
        var doubt: Applicability.Doubt?
        // By index: a filter has many parts, which are counted one by one when it is copied.
        for index in indices {
            switch applies(self[index]) {
            case .yes: return .yes
            case .no: continue
            case .undecided(let another): doubt = doubt?.merging(another) ?? another
            }
        }
        return doubt.map(Applicability.undecided) ?? .no
    }

    /// `yes` when every element is, `no` when one is not.
    func allApply(_ applies: (Element) -> Applicability) -> Applicability {
        !anyApplies { !applies($0) }
    }
}
