import YAML

enum YAMLTarget: FuzzTarget {
    static let name = "yaml"

    static func run(_ bytes: [UInt8]) {
        for document in (try? YAML.documents(bytes)) ?? [] { _ = document.root.description }
    }
}
