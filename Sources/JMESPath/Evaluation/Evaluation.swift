/// One evaluation of a query: what it may still spend, and the walk over the tree.
struct Evaluation {
    let environment: Environment
    private var steps: Int
    private var memory: Int

    /// What an element or member of a constructed value counts, in bytes.
    static let nodeCost = 64
    /// How many bytes of text make a step.
    static let bytesPerStep = 100

    init(environment: Environment, budget: Budget) {
        self.environment = environment
        steps = budget.steps
        memory = budget.memory
    }

    // MARK: Spending

    var remainingSteps: Int { steps }

    mutating func spend(steps count: Int) throws(EvaluationError) {
        steps -= count
        guard steps >= 0 else { throw EvaluationError(.tooExpensive, "the query takes too many steps on this input") }
    }

    /// For looking at so many bytes of text.
    mutating func spend(bytes count: Int) throws(EvaluationError) {
        try spend(steps: 1 + count / Self.bytesPerStep)
    }

    /// For text of so many bytes that is made.
    mutating func allocate(bytes count: Int) throws(EvaluationError) {
        try spend(bytes: count)
        memory -= count
        guard memory >= 0 else {
            throw EvaluationError(.tooExpensive, "the query makes too large a value from this input")
        }
    }

    /// For so many elements or members that are made.
    mutating func allocate(nodes count: Int) throws(EvaluationError) {
        try spend(steps: count)
        try allocate(bytes: count * Self.nodeCost)
    }

    /// The elements of an array, paid for; nil for any other kind.
    mutating func elements(of node: Node) throws(EvaluationError) -> [Node]? {
        if case .array(let elements) = node { return elements }
        guard node.kind == .array else { return nil }
        try allocate(nodes: node.count)
        return node.elements
    }

    /// The members of an object, paid for; nil for any other kind.
    mutating func members(of node: Node) throws(EvaluationError) -> [ObjectNode.Member]? {
        if case .object(let object) = node { return object.members }
        guard node.kind == .object else { return nil }
        try allocate(nodes: node.count)
        return node.members
    }

    // MARK: Walking

    /// What `expression` yields for `input`, null where it is undefined.
    mutating func value(of expression: Expression, _ input: Node) throws(EvaluationError) -> Node {
        try resolve(expression, input) ?? .null
    }

    /// What `expression` yields for `input`, nil where it is undefined.
    mutating func resolve(_ expression: Expression, _ input: Node) throws(EvaluationError) -> Node? {
        try spend(steps: 1)
        switch expression {
        case .current: return input
        case .literal(let node): return node
        case .field(let name): return try field(name, of: input)
        case .index(let index): return try element(index, of: input)
        case .slice(let slice): return try select(slice, of: input)
        case .chain(let parts):
            var node = input
            for part in parts {
                guard let next = try resolve(part, node) else { return nil }
                node = next
            }
            return node
        case .pipe(let parts):
            var node = input
            for part in parts { node = try value(of: part, node) }
            return node
        case .or(let parts):
            var node = Node.null
            for part in parts {
                node = try value(of: part, input)
                if node.isTruthy { break }
            }
            return node
        case .and(let parts):
            for part in parts.dropLast() {
                let node = try value(of: part, input)
                guard node.isTruthy else { return node }
            }
            guard let last = parts.last else { return .null }
            return try resolve(last, input)
        case .not(let operand): return .boolean(try !value(of: operand, input).isTruthy)
        case .comparison(let comparison, let left, let right):
            return try compare(comparison, try value(of: left, input), try value(of: right, input))
        case .list(let parts): return try list(parts, input)
        case .hash(let members): return try hash(members, input)
        case .call(let function, let arguments): return try call(function, arguments, input)
        case .flatten(let operand): return try flatten(try value(of: operand, input))
        case .projection(let left, let each):
            guard let elements = try elements(of: try value(of: left, input)) else { return .null }
            return try project(elements, each)
        case .valueProjection(let left, let each):
            guard let members = try members(of: try value(of: left, input)) else { return .null }
            return try project(members.map(\.value), each)
        case .filterProjection(let left, let condition, let each):
            guard let elements = try elements(of: try value(of: left, input)) else { return .null }
            return try project(elements, each, where: condition)
        }
    }
}
