/// The path of a GET that a context's `apiCall` makes.
///
/// Source: spec/verify-images.md, "Conditions and variables": a namespaced Policy reads its own namespace only.
enum CallPath {
    /// Kubernetes' names are shorter than this.
    private static let maximumNameLength = 253

    /// The path of `template`, in which every variable is one element, or a part of one.
    static func text(
        of template: TextTemplate, _ policyNamespace: String?, in scope: Scope
    ) throws(RuleFailure) -> String {
        var path = ""
        for part in template.parts {
            switch part {
            case .text(let text): path += text
            case .variable(let variable):
                let text = try variable.value(in: scope).templateText
                if !scope.isPolicyText(variable) { try checkName(text) }
                path += text
            }
        }
        if let problem = problem(path, policyNamespace) { throw RuleFailure("apiCall of \(path): \(problem)") }
        return path
    }

    /// Data that stands in a path must not become more than one element of it.
    static func checkName(_ text: String) throws(RuleFailure) {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard isName, !text.isEmpty, text.utf8.count <= maximumNameLength, text != ".", text != ".." else {
            throw RuleFailure("\"\(text.prefix(64))\" is no name of an object of Kubernetes")
        }
    }

    /// Why a path may not be read, or nil. A constant path is looked at when the policy is loaded.
    static func problem(_ path: String, _ policyNamespace: String?) -> String? {
        let location = path.prefix { $0 != "?" }
        guard path.hasPrefix("/"), !path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }), !path.contains("#") else {
            return "is no path of the API server; it begins with /api or /apis"
        }
        let elements = location.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard elements.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !location.contains("%") else {
            return "holds empty elements, dots or escapes"
        }
        guard let policyNamespace else { return nil }
        // /api/v1/namespaces/NAME/… and /apis/GROUP/VERSION/namespaces/NAME/…
        let rest = elements.first == "api" ? elements.dropFirst(2) : elements.dropFirst(3)
        guard elements.first == "api" || elements.first == "apis", rest.count >= 3, rest.first == "namespaces",
            rest.dropFirst().first.map(String.init) == policyNamespace
        else { return "a Policy reads objects of its own namespace only, /api/v1/namespaces/\(policyNamespace)/…" }
        return nil
    }
}
