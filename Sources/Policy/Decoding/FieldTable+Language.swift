/// The fields of what variables and conditions are made of.
extension FieldTable {
    static let conditionGroup = FieldTable(name: "conditions", fields: ["any": .honoured, "all": .honoured])

    static let condition = FieldTable(
        name: "a condition",
        fields: ["key": .honoured, "operator": .honoured, "value": .honoured, "message": .honoured])

    static let contextEntry = FieldTable(
        name: "an entry of context",
        fields: [
            "name": .honoured, "configMap": .honoured, "variable": .honoured, "imageRegistry": .honoured,
            "apiCall": .honoured,
            "globalReference": .refused(
                "global context entries are not supported; read the object with apiCall or configMap"),
        ])

    static let contextConfigMap = FieldTable(
        name: "configMap", fields: ["name": .honoured, "namespace": .honoured])

    static let contextVariable = FieldTable(
        name: "variable", fields: ["value": .honoured, "jmesPath": .honoured, "default": .honoured])

    static let contextImage = FieldTable(
        name: "imageRegistry",
        fields: [
            "reference": .honoured, "jmesPath": .honoured,
            "imageRegistryCredentials": .refused(
                "credentials of a policy are not supported; give them to the server with --registry-config"),
        ])

    static let contextAPICall = FieldTable(
        name: "apiCall",
        fields: [
            "urlPath": .honoured, "jmesPath": .honoured, "method": .honoured,
            "data": .refused("a policy only reads, with GET, which sends no data"),
            "service": .refused("calls to services are not supported; only the API server is asked, with urlPath"),
            "default": .refusedEvenEmpty("is not supported; say the default where the entry is used, with ||"),
        ])

    static let imageExtractor = FieldTable(
        name: "an image extractor",
        fields: ["path": .honoured, "key": .honoured, "value": .honoured, "name": .honoured, "jmesPath": .honoured])

    static let secret = FieldTable(name: "secret", fields: ["name": .honoured, "namespace": .honoured])

    /// Every table of this file, for the test that walks them.
    static let language = [
        conditionGroup, condition, contextEntry, contextConfigMap, contextVariable, contextImage, contextAPICall,
        imageExtractor, secret, deny,
    ]
}
