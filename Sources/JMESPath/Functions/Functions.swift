/// The functions that a query may call, by name.
public struct Functions: Sendable {
    private let functions: [String: Function]

    init(_ functions: [Function]) {
        self.functions = Dictionary(functions.map { ($0.name, $0) }) { _, last in last }
    }

    /// Those of the JMESPath specification.
    public static let standard = Functions(standardFunctions)

    /// Those of the specification and of Kyverno.
    public static let kyverno = Functions(standardFunctions + kyvernoFunctions)

    private static let standardFunctions = numberFunctions + stringFunctions + collectionFunctions + typeFunctions
    private static let kyvernoFunctions =
        arithmeticFunctions + textFunctions + regexFunctions + timeFunctions + encodingFunctions + objectFunctions
        + nameFunctions

    public var names: [String] { functions.keys.sorted() }

    func function(named name: String, arguments count: Int, at offset: Int) throws(QueryError) -> Function {
        guard let function = functions[name] else {
            throw QueryError(.unknownFunction, "there is no function \(name)()", at: offset)
        }
        guard function.takes(count) else {
            let wanted = (function.isVariadic ? "at least " : "") + "\(function.parameters.count)"
            throw QueryError(.invalidArity, "\(name)() takes \(wanted) arguments, not \(count)", at: offset)
        }
        return function
    }
}
