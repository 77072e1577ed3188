import HTTPClient
import JSON
import YAML

extension ClusterConfiguration {
    /// The API server, and who we are to it, of a kubeconfig's context.
    ///
    /// Source: Kubernetes, "Organizing Cluster Access Using kubeconfig Files" and "kubeconfig (v1)".
    /// - Parameters:
    ///   - path: the file; nil for those that `KUBECONFIG` lists, or else `~/.kube/config`, as kubectl has it.
    ///   - context: nil for the current one.
    /// - Throws: ``APIFailure/credentials(_:)`` with the name of the file or the entry, never with what is secret.
    public init(
        kubeconfig path: String?, context: String? = nil, environment: [String: String] = [:]
    ) throws(APIFailure) {
        var kubeconfig = Kubeconfig()
        for path in try Kubeconfig.files(path, environment) { try kubeconfig.add(path) }
        try self.init(kubeconfig, context: context)
    }

    /// The current context of one kubeconfig, whose relative paths count from the working directory.
    package init(kubeconfigText text: [UInt8]) throws(APIFailure) {
        var kubeconfig = Kubeconfig()
        try kubeconfig.add(text, from: "the kubeconfig", folder: "")
        try self.init(kubeconfig, context: nil)
    }

    init(_ kubeconfig: Kubeconfig, context name: String?) throws(APIFailure) {
        guard let name = name ?? kubeconfig.currentContext else {
            throw .credentials("the kubeconfig has no current context, and none is named")
        }
        let context = try kubeconfig.entry(.contexts, name)
        let cluster = try kubeconfig.entry(.clusters, context.required("cluster"))
        let authorities = try cluster.material("certificate-authority")
        var credentials = CredentialSource()
        if let user = try context.text("user") {
            let info = try Kubeconfig.clusterInfo(cluster)
            credentials = try kubeconfig.entry(.users, user).credentials(cluster: info)
        }
        try self.init(
            server: try cluster.required("server"), authorities: authorities, credentials: credentials)
        namespace = try context.text("namespace")
        serverName = try cluster.text("tls-server-name")
        if let name = serverName, (try? ServerPlace("https://" + name))?.host != name {
            throw cluster.failure("tls-server-name is no name of a server")
        }
        verifiesServer = try !cluster.flag("insecure-skip-tls-verify")
        guard verifiesServer || authorities == nil else {
            throw cluster.failure("names authorities, and says that they do not matter (insecure-skip-tls-verify)")
        }
        if let url = try cluster.text("proxy-url") {
            guard let url = Self.proxy(url) else {
                throw cluster.failure("has a proxy-url that is none of http://, https:// or socks5:// and a host")
            }
            proxy = .init(httpsProxy: url, httpProxy: url)
        }
    }

    /// A `proxy-url` as libcurl takes it; nil for what client-go does not take.
    private static func proxy(_ url: String) -> String? {
        guard let end = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<end.lowerBound].lowercased()
        let authority = url[end.upperBound...].prefix { $0 != "/" }
        let start = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex
        let user = authority[..<start]
        guard let place = try? ServerPlace((scheme == "https" ? "https://" : "http://") + authority[start...]),
            user.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return switch scheme {
        // libcurl has a port of its own where the URL names none.
        case "http", "https": "\(scheme)://\(user)\(place.host):\(place.port)"
        // In Go, the proxy is who finds the address.
        case "socks5": "socks5h://\(authority)"
        default: nil
        }
    }
}

/// What one or more kubeconfig files hold. Where two name the same thing, the first one counts.
struct Kubeconfig {
    enum Section: String, CaseIterable {
        case clusters, contexts, users

        /// What the things of a section are called inside their entries.
        var kind: String { String(rawValue.dropLast()) }
    }

    /// A kubeconfig holds certificates of a few clusters.
    static let maximumBytes = 1 << 20

    private(set) var currentContext: String?
    private var entries: [Section: [String: KubeconfigEntry]] = [:]

    static func files(_ path: String?, _ environment: [String: String]) throws(APIFailure) -> [String] {
        if let path { return [path] }
        // Of a list, those that are there.
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let files = list.split(separator: ":").map(String.init).filter { Material.contents(of: $0) != nil }
            guard !files.isEmpty else { throw .credentials("none of the files in KUBECONFIG can be read") }
            return files
        }
        let file = (environment["HOME"] ?? "") + "/.kube/config"
        guard Material.contents(of: file) != nil else {
            throw .credentials("no kubeconfig is given, KUBECONFIG lists none, and \(file) cannot be read")
        }
        return [file]
    }

    mutating func add(_ path: String) throws(APIFailure) {
        guard let bytes = Material.contents(of: path) else { throw .credentials("\(path) cannot be read") }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        try add(bytes, from: path, folder: folder)
    }

    /// - Parameter folder: what relative paths in the file begin at, with a `/` at the end, or empty.
    mutating func add(_ bytes: [UInt8], from path: String, folder: String) throws(APIFailure) {
        guard bytes.count <= Self.maximumBytes else {
            throw .credentials("\(path) is larger than \(Self.maximumBytes) bytes")
        }
        let documents: [Document]
        do throws(YAMLError) {
            documents = try YAML.documents(bytes)
        } catch {
            // The reason may quote the line, and that may be the one with the token.
            let place = error.line.map { ", line \($0)" } ?? ""
            throw .credentials("\(path) is no kubeconfig: it is no YAML that can be read\(place)")
        }
        guard let root = documents.first?.root, root.kind == .object else {
            throw .credentials("\(path) is no kubeconfig")
        }
        if currentContext == nil, let name = root["current-context"]?.string, !name.isEmpty { currentContext = name }
        for section in Section.allCases {
            for element in root.list(section.rawValue) {
                guard let name = element["name"]?.string, let value = element[section.kind] else { continue }
                if entries[section]?[name] != nil { continue }
                entries[section, default: [:]][name] = KubeconfigEntry(
                    description: "\(section.kind) \"\(name)\" of \(path)", value: value, folder: folder)
            }
        }
    }

    func entry(_ section: Section, _ name: String) throws(APIFailure) -> KubeconfigEntry {
        guard let entry = entries[section]?[name] else {
            throw .credentials("the kubeconfig has no \(section.kind) \"\(name)\"")
        }
        return entry
    }

    /// The cluster as a plugin that asks for it is told.
    static func clusterInfo(_ cluster: KubeconfigEntry) throws(APIFailure) -> String {
        var writer = Writer()
        writer.beginObject()
        for key in ["server", "tls-server-name", "proxy-url"] {
            guard let text = try cluster.text(key) else { continue }
            writer.key(key)
            writer.string(text)
        }
        if try cluster.flag("insecure-skip-tls-verify") {
            writer.key("insecure-skip-tls-verify")
            writer.boolean(true)
        }
        if let text = try? cluster.material("certificate-authority")?.read("the CA file") {
            writer.key("certificate-authority-data")
            writer.base64(Array(text.utf8))
        }
        for element in cluster.value.list("extensions")
        where element["name"]?.equals("client.authentication.k8s.io/exec") == true {
            guard let value = element["extension"] else { continue }
            writer.key("config")
            writer.value(value)
        }
        writer.endObject()
        return writer.text
    }
}
