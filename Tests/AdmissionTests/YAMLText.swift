import JSON
import YAML

enum YAMLText {
    static func document(_ text: String) throws -> Document {
        let documents = try YAML.documents(Array(text.utf8))
        return documents[0]
    }
}
