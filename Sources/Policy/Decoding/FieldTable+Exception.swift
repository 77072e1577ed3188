extension FieldTable {
    static let exception = FieldTable(
        name: "a PolicyException",
        fields: [
            "apiVersion": .honoured, "kind": .honoured, "metadata": .honoured, "spec": .honoured, "status": .inert,
        ])

    static let exceptionSpec = FieldTable(
        name: "a PolicyException's spec",
        fields: [
            "exceptions": .honoured, "match": .honoured,
            // About scans of what already runs, and about rules that are not image rules.
            "background": .inert, "podSecurity": .inert,
            "conditions": .refused("conditions of exceptions are not supported yet; say it in match"),
            "expiresAt": .refused("exceptions do not expire here yet; take it out, and the exception when it is time"),
        ])

    static let exceptedRules = FieldTable(
        name: "an item of exceptions",
        fields: [
            "policyName": .honoured, "ruleNames": .honoured,
            "images": .refused("exceptions of single images are not supported; use skipImageReferences of the rule"),
            "values": .refused("exceptions of single values are not about images; take values out"),
            "reportAs": .refused("an excepted image is reported as skipped; take reportAs out"),
        ])
}
