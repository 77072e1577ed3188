/// What a field that a policy may carry does here.
enum FieldEffect: Sendable, Hashable {
    /// It means what the reference says.
    case honoured
    /// It has no say in what an admission request is answered, so it may be there.
    case inert
    /// It would change a decision and is not honoured: the policy is refused with this sentence, unless the field is
    /// empty.
    case refused(String)
    /// As `refused`, for a field whose empty object says something too.
    case refusedEvenEmpty(String)
}

/// The fields that one object of a policy may have. A field that is not in the table is unknown, and refused.
///
/// The tables are all there is to know about which fields are honoured: widening the language flips a row.
struct FieldTable: Sendable {
    /// What the object is called in a message about an unknown field.
    let name: String
    let fields: [String: FieldEffect]
}

extension FieldTable {
    static let policy = FieldTable(
        name: "a policy",
        fields: [
            "apiVersion": .honoured, "kind": .honoured, "metadata": .honoured, "spec": .honoured, "status": .inert,
        ]
    )

    static let spec = FieldTable(
        name: "spec",
        fields: [
            "rules": .honoured, "applyRules": .honoured, "failurePolicy": .honoured,
            "validationFailureAction": .honoured, "webhookConfiguration": .honoured,
            "webhookTimeoutSeconds": .honoured, "admission": .honoured, "emitWarning": .honoured,
            "validationFailureActionOverrides": .honoured,
            "background": .honoured,
            // About rules that are not image rules.
            "schemaValidation": .inert, "generateExisting": .inert,
            "generateExistingOnPolicyUpdate": .inert, "mutateExistingOnPolicyUpdate": .inert,
            "useServerSideApply": .inert,
        ])

    static let actionOverride = FieldTable(
        name: "an override",
        fields: ["action": .honoured, "namespaces": .honoured, "namespaceSelector": .honoured])

    static let webhookConfiguration = FieldTable(
        name: "webhookConfiguration",
        fields: [
            "failurePolicy": .honoured, "timeoutSeconds": .honoured,
            "matchConditions": .refused(
                "match conditions (CEL) decide which requests are looked at, and are not supported; say it in match "
                    + "and exclude"),
        ])

    static let rule = FieldTable(
        name: "a rule",
        fields: [
            "name": .honoured, "match": .honoured, "exclude": .honoured, "verifyImages": .honoured,
            // About requests that Kyverno's own controllers send, and about reports.
            "skipBackgroundRequests": .inert, "reportProperties": .inert,
            "context": .honoured, "preconditions": .honoured, "imageExtractors": .honoured,
            "celPreconditions": .refused("CEL preconditions are not supported; say it in match and exclude"),
            "mutate": .refused("a rule does one thing; give what is beside verifyImages a rule of its own"),
            "validate": .refused("a rule does one thing; give what is beside verifyImages a rule of its own"),
            "generate": .refused("a rule does one thing; give what is beside verifyImages a rule of its own"),
        ])

    static let match = FieldTable(
        name: "match", fields: filterFields.merging(["any": .honoured, "all": .honoured]) { $1 })
    static let filter = FieldTable(name: "a filter", fields: filterFields)

    private static let filterFields: [String: FieldEffect] = [
        "resources": .honoured, "subjects": .honoured, "roles": .honoured, "clusterRoles": .honoured,
    ]

    static let resources = FieldTable(
        name: "resources",
        fields: [
            "kinds": .honoured, "names": .honoured, "name": .honoured, "namespaces": .honoured,
            "operations": .honoured, "annotations": .honoured, "selector": .honoured, "namespaceSelector": .honoured,
        ])

    static let subject = FieldTable(
        name: "a subject",
        fields: [
            "kind": .honoured, "name": .honoured, "namespace": .honoured,
            // Each kind has one group only.
            "apiGroup": .inert,
        ])

    static let labelSelector = FieldTable(
        name: "a label selector", fields: ["matchLabels": .honoured, "matchExpressions": .honoured])

    static let labelExpression = FieldTable(
        name: "a label expression", fields: ["key": .honoured, "operator": .honoured, "values": .honoured])

    static let entry = FieldTable(
        name: "an entry of verifyImages",
        fields: [
            "image": .honoured, "imageReferences": .honoured, "skipImageReferences": .honoured, "key": .honoured,
            "type": .honoured, "attestors": .honoured, "annotations": .honoured, "repository": .honoured,
            "failureAction": .honoured, "mutateDigest": .honoured, "verifyDigest": .honoured, "required": .honoured,
            "imageRegistryCredentials": .honoured, "validate": .honoured, "useCache": .honoured,
            // Signatures are looked for in every form that they are stored in, whatever it says.
            "cosignOCI11": .inert,
            "attestations": .honoured,
            "roots": .refused(noKeyless), "subject": .refused(noKeyless), "issuer": .refused(noKeyless),
            "additionalExtensions": .refused(noKeyless),
        ])

    private static let noKeyless =
        "keyless signatures are not supported yet; sign with a key, and give it in key or "
        + "attestors[].entries[].keys.publicKeys"

    static let validateImages = FieldTable(
        name: "validate", fields: ["message": .honoured, "deny": .honoured])

    static let deny = FieldTable(name: "deny", fields: ["conditions": .honoured])

    static let registryCredentials = FieldTable(
        name: "imageRegistryCredentials",
        fields: [
            "allowInsecureRegistry": .honoured, "providers": .honoured, "secrets": .honoured,
        ])

    static let attestorSet = FieldTable(
        name: "a set of attestors", fields: ["count": .honoured, "entries": .honoured])

    static let attestation = FieldTable(
        name: "an attestation",
        fields: [
            "type": .honoured, "predicateType": .honoured, "attestors": .honoured,
            "name": .honoured, "conditions": .honoured,
        ])

    static let attestor = FieldTable(
        name: "an attestor",
        fields: [
            "keys": .honoured, "attestor": .honoured, "annotations": .honoured, "repository": .honoured,
            "signatureAlgorithm": .honoured, "certificates": .honoured,
            "keyless": .refusedEvenEmpty(
                "keyless signatures are not supported yet; sign with a key, and give it in keys.publicKeys"),
        ])

    static let keys = FieldTable(
        name: "keys",
        fields: [
            "publicKeys": .honoured, "signatureAlgorithm": .honoured, "rekor": .honoured, "ctlog": .honoured,
            "secret": .honoured,
            "kms": .refused("keys in a KMS are not supported yet; export the public key and write it into publicKeys"),
        ])

    static let certificates = FieldTable(
        name: "certificates",
        fields: ["cert": .honoured, "certChain": .honoured, "rekor": .honoured, "ctlog": .honoured])

    static let rekor = FieldTable(
        name: "rekor", fields: ["url": .inert, "pubkey": .honoured, "ignoreTlog": .honoured])

    static let ctlog = FieldTable(
        name: "ctlog",
        fields: [
            // What is to be checked is a demand, and so is `ignoreSCT: false` where there is a certificate.
            "ignoreSCT": .honoured, "pubkey": .honoured,
            "tsaCertChain": .refused("signed timestamps are not checked yet; take tsaCertChain out"),
        ])

    /// Every table, for the test that walks them.
    static let all = [
        policy, spec, actionOverride, webhookConfiguration, rule, match, filter, resources, subject, labelSelector,
        labelExpression, entry, validateImages, registryCredentials, attestorSet, attestation, attestor, keys,
        certificates, rekor, ctlog,
    ]
}
