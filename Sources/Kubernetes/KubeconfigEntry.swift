import JSON

/// One cluster, context or user.
struct KubeconfigEntry {
    /// For messages: `user "admin" of /home/me/.kube/config`.
    let description: String
    let value: Value
    let folder: String

    func failure(_ reason: String) -> APIFailure { .credentials("\(description) \(reason)") }

    /// Nil where it is not there, null or empty.
    func text(_ key: String) throws(APIFailure) -> String? {
        guard let value = value[key], !value.isNull else { return nil }
        guard let text = value.string else { throw failure("has a \(key) that is no text") }
        return text.isEmpty ? nil : text
    }

    func required(_ key: String) throws(APIFailure) -> String {
        guard let text = try text(key) else { throw failure("has no \(key)") }
        return text
    }

    func flag(_ key: String) throws(APIFailure) -> Bool {
        guard let value = value[key], !value.isNull else { return false }
        guard let flag = value.boolean else { throw failure("has a \(key) that is neither true nor false") }
        return flag
    }

    func path(_ text: String) -> String { text.hasPrefix("/") ? text : folder + text }

    /// `KEY-data`, in base64, or else the file that `KEY` names.
    func material(_ key: String) throws(APIFailure) -> Material? {
        if let data = try text(key + "-data") {
            guard let bytes = Base64.decode(data), let text = String(validating: bytes, as: UTF8.self) else {
                throw failure("has a \(key)-data that is not a text in base64")
            }
            return .text(Secret(text))
        }
        return try text(key).map { .file(path($0)) }
    }
}

extension KubeconfigEntry {
    /// - Parameter info: the cluster, for a plugin.
    func credentials(cluster info: String) throws(APIFailure) -> CredentialSource {
        guard value["auth-provider"].map(\.isNull) ?? true else {
            throw failure("has an auth-provider, which Kubernetes gave up in 1.26: use an exec plugin")
        }
        var source = CredentialSource()
        source.certificate = try material("client-certificate")
        source.key = try material("client-key")
        guard (source.certificate == nil) == (source.key == nil) else {
            throw failure("has a client certificate or a key, and not the other")
        }
        // As client-go has it: a file before a text, and both before the rest.
        if let file = try text("tokenFile") {
            source.bearer = .token(.file(path(file)))
        } else if let token = try text("token") {
            source.bearer = .token(.text(Secret(token)))
        } else if let user = try text("username") {
            source.bearer = .basic(user: user, password: Secret(try text("password") ?? ""))
        } else if let exec = value["exec"], !exec.isNull {
            source.bearer = .plugin(
                try KubeconfigEntry(description: "the exec plugin of \(description)", value: exec, folder: folder)
                    .plugin(cluster: info))
        }
        source.impersonation = try impersonation()
        return source
    }

    private func plugin(cluster info: String) throws(APIFailure) -> ExecPlugin {
        let version = try required("apiVersion")
        guard ExecPlugin.versions.contains(version) else {
            throw failure("is of version \(version), which is not spoken here: v1 and v1beta1 are")
        }
        guard try text("interactiveMode") != "Always" else {
            throw failure("wants to ask somebody, and nobody is here")
        }
        var command = try required("command")
        // A bare name is looked for on the PATH; a path counts from the file.
        if command.contains("/") { command = path(command) }
        var plugin = ExecPlugin(version: version, command: command)
        for argument in value.list("args") {
            guard let argument = argument.string else { throw failure("has an argument that is no text") }
            plugin.arguments.append(argument)
        }
        for variable in value.list("env") {
            guard let name = variable["name"]?.string, !name.isEmpty, !name.contains("="),
                let value = variable["value"]?.string, !(name + value).utf8.contains(0)
            else { throw failure("has a variable without a name or a value") }
            plugin.environment[name] = value
        }
        plugin.installHint = try text("installHint") ?? ""
        if try flag("provideClusterInfo") { plugin.cluster = info }
        return plugin
    }

    /// Source: Kubernetes, "Authenticating", User impersonation.
    private func impersonation() throws(APIFailure) -> [CredentialSource.Header] {
        var headers: [CredentialSource.Header] = []
        func add(_ name: String, _ value: String) throws(APIFailure) {
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw failure("acts as somebody whose name holds a control character")
            }
            headers.append(CredentialSource.Header(name: name, value: value))
        }
        let extra = value["as-user-extra"]?.members.map { ($0.key, $0.value) } ?? []
        if let user = try text("as") { try add("Impersonate-User", user) }
        if let uid = try text("as-uid") { try add("Impersonate-Uid", uid) }
        for group in value.list("as-groups") { try add("Impersonate-Group", group.string ?? "") }
        for (key, values) in extra {
            for value in values.elements {
                try add("Impersonate-Extra-" + RequestPath.encode(key), value.string ?? "")
            }
        }
        guard headers.isEmpty || headers.first?.name == "Impersonate-User" else {
            throw failure("acts as a group or with attributes, and as no user")
        }
        return headers
    }
}

extension Value {
    /// The elements of the list that is named so; none where there is no list.
    func list(_ key: String) -> [Value] { self[key].map { Array($0.elements) } ?? [] }
}
