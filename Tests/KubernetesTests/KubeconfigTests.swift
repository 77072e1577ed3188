import Foundation
import HTTPClient
import Testing

@testable import Kubernetes

private let standard = """
    apiVersion: v1
    kind: Config
    current-context: here
    clusters:
    - name: home
      cluster:
        server: https://127.0.0.1:6443/
        certificate-authority: ca.pem
        tls-server-name: kubernetes.default.svc
    - name: away
      cluster:
        server: https://away.example:443/k8s/c1
        insecure-skip-tls-verify: true
        proxy-url: http://proxy.example:3128
    contexts:
    - name: here
      context: {cluster: home, user: me, namespace: shop}
    - name: there
      context: {cluster: away, user: robot}
    - name: nobody
      context: {cluster: away}
    users:
    - name: me
      user:
        client-certificate-data: Q0VSVA==
        client-key: /keys/key.pem
    - name: robot
      user:
        token: s3cret-token
    """

@Suite("Kubeconfig files")
struct KubeconfigTests {
    private func configuration(_ text: String, context: String? = nil) throws(APIFailure) -> ClusterConfiguration {
        var kubeconfig = Kubeconfig()
        try kubeconfig.add(Array(text.utf8), from: "/home/me/config", folder: "/home/me/")
        return try ClusterConfiguration(kubeconfig, context: context)
    }

    /// The credentials of a user that is written so.
    private func credentials(_ user: String, cluster: String = "{server: 'https://h'}") throws(APIFailure)
        -> CredentialSource
    {
        try configuration(
            """
            current-context: c
            clusters: [{name: c, cluster: \(cluster)}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            users: [{name: u, user: \(user)}]
            """
        ).credentials
    }

    private func reason(_ work: () throws(APIFailure) -> some Any) -> String {
        do throws(APIFailure) {
            _ = try work()
            return "nothing wrong"
        } catch {
            guard case .credentials(let reason) = error else { return "another failure" }
            return reason
        }
    }

    @Test("The current context, and others by name")
    func contexts() throws {
        let here = try configuration(standard)
        #expect(here.server == "https://127.0.0.1:6443")
        #expect(here.namespace == "shop")
        #expect(here.authorities == .file("/home/me/ca.pem"))
        #expect(here.serverName == "kubernetes.default.svc")
        #expect(here.verifiesServer && here.proxy == nil)
        #expect(here.credentials.certificate == .text(Secret("CERT")))
        #expect(here.credentials.key == .file("/keys/key.pem"))
        #expect(here.credentials.bearer == nil)

        let there = try configuration(standard, context: "there")
        #expect(there.server == "https://away.example:443/k8s/c1")
        #expect(!there.verifiesServer && there.authorities == nil && there.namespace == nil)
        #expect(there.proxy?.httpsProxy == "http://proxy.example:3128")
        #expect(there.credentials.bearer == .token(.text(Secret("s3cret-token"))))
        #expect(try configuration(standard, context: "nobody").credentials == CredentialSource())
        var text = ""
        dump(there, to: &text)
        #expect(!text.contains("s3cret") && !"\(there)".contains("s3cret"))
    }

    @Test("What is missing is named")
    func missing() {
        #expect(
            reason { () throws(APIFailure) in try configuration(standard, context: "x") }
                == #"the kubeconfig has no context "x""#)
        #expect(
            reason { () throws(APIFailure) in try configuration("kind: Config") }
                == "the kubeconfig has no current context, and none is named")
        let noCluster = standard.replacing("name: home", with: "name: elsewhere")
        #expect(
            reason { () throws(APIFailure) in try configuration(noCluster) } == #"the kubeconfig has no cluster "home""#
        )
        let noUser = standard.replacing("name: me", with: "name: other")
        #expect(reason { () throws(APIFailure) in try configuration(noUser) } == #"the kubeconfig has no user "me""#)
        #expect(
            reason { () throws(APIFailure) in
                try configuration(standard.replacing("server: https://127.0.0.1:6443/", with: "x: y"))
            }
                == #"cluster "home" of /home/me/config has no server"#)
        #expect(reason { () throws(APIFailure) in try configuration("[]") } == "/home/me/config is no kubeconfig")
        // The line that cannot be read may be the one with the token.
        let broken = reason { () throws(APIFailure) in
            try configuration(standard.replacing("token: s3", with: "token: \"s3"))
        }
        #expect(broken.hasPrefix("/home/me/config is no kubeconfig") && !broken.contains("cret"))
        #expect(
            reason { () throws(APIFailure) in try ClusterConfiguration(kubeconfig: "/no/such/file") }
                == "/no/such/file cannot be read")
    }

    @Test(
        "What cannot be honoured is refused, and not left out",
        arguments: [
            "{auth-provider: {name: gcp}}", "{client-key-data: S0VZ}", "{client-certificate: c.pem}",
            "{token: 17}", "{client-certificate-data: '%', client-key-data: S0VZ}", "{as-groups: [admins]}",
            "{as: \"a\\nb\"}", "{exec: {command: aws}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, args: [x]}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Always}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, args: [{}]}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, env: [{name: 'A=B', value: c}]}}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a, env: [{name: A}]}}",
        ])
    func refused(user: String) {
        #expect(throws: APIFailure.self) { try credentials(user) }
    }

    @Test(
        "Clusters that cannot be trusted are refused",
        arguments: [
            "{server: 'http://h'}", "{server: 'ftp://h'}", "{server: 'https://u:p@h'}", "{server: 'https://h:0'}",
            "{server: 'https://h:x'}", "{server: 'https://'}", "{server: 'https://h?x'}",
            "{server: 'https://h', insecure-skip-tls-verify: yes please}",
            "{server: 'https://h', tls-server-name: 'a/b'}",
            "{server: 'https://h', tls-server-name: 'a:1'}", "{server: 'https://h', proxy-url: 'p:3128'}",
            "{server: 'https://h', proxy-url: 'ftp://p'}", "{server: 'https://h', proxy-url: 'http://'}",
            "{server: 'https://h', proxy-url: 'http://u:p@p:x'}", "{server: 'https://h', proxy-url: 'socks4://p'}",
            "{server: 'https://h', insecure-skip-tls-verify: true, certificate-authority-data: Q0E=}",
        ])
    func clusters(cluster: String) {
        #expect(throws: APIFailure.self) { try credentials("{token: t}", cluster: cluster) }
    }

    @Test(
        "A proxy is one that client-go would take",
        arguments: [
            ("http://p.example", "http://p.example:80"), ("HTTP://u:p@p.example/x", "http://u:p@p.example:80"),
            ("https://[::1]", "https://[::1]:443"), ("http://p:3128", "http://p:3128"), ("socks5://p", "socks5h://p"),
            ("socks5://u:p@p:1081", "socks5h://u:p@p:1081"),
        ])
    func proxies(url: String, taken: String) throws {
        let cluster = "{name: c, cluster: {server: 'https://h', proxy-url: '\(url)'}}"
        let proxy = try configuration(
            "current-context: c\nclusters: [\(cluster)]\ncontexts: [{name: c, context: {cluster: c}}]"
        ).proxy
        #expect(proxy == HTTPClient.ProxySettings(httpsProxy: taken, httpProxy: taken))
    }

    @Test(
        "No message repeats a URL that may hold a password",
        arguments: [
            "{server: 'https://u:hunter2@h'}", "{server: 'u:hunter2@h'}", "{server: 'https://h?key=hunter2'}",
            "{server: 'https://h', proxy-url: 'ftp://u:hunter2@p'}", "{server: 'https://h', proxy-url: 'u:hunter2@p'}",
            "{server: 'https://h', proxy-url: 'http://u:hunter2@p:x'}",
        ])
    func secretURLs(cluster: String) {
        let reason = reason { () throws(APIFailure) in try credentials("{token: t}", cluster: cluster) }
        #expect(reason.contains("URL") || reason.contains("proxy-url of") || reason.contains("has a proxy-url"))
        #expect(!reason.contains("hunter2"))
    }

    @Test("What says who we are is taken in the order of client-go")
    func order() throws {
        #expect(try credentials("{tokenFile: t, token: x, username: u}").bearer == .token(.file("/home/me/t")))
        #expect(try credentials("{token: x, username: u}").bearer == .token(.text(Secret("x"))))
        #expect(try credentials("{username: u, password: p}").bearer == .basic(user: "u", password: Secret("p")))
        #expect(try credentials("{token: '', tokenFile: null}").bearer == nil)
        let basic = try credentials("{username: u, password: p}").identity(nil, authorities: nil)
        #expect(basic.authorization == Secret("Basic dTpw"))
    }

    @Test("Acting as somebody is sent along")
    func impersonation() throws {
        let user = "{token: t, as: jane, as-uid: '7', as-groups: [a, b], as-user-extra: {example.com/x y: [one, two]}}"
        #expect(
            try credentials(user).impersonation.map { "\($0.name): \($0.value)" } == [
                "Impersonate-User: jane", "Impersonate-Uid: 7", "Impersonate-Group: a", "Impersonate-Group: b",
                "Impersonate-Extra-example.com%2Fx%20y: one", "Impersonate-Extra-example.com%2Fx%20y: two",
            ])
    }

    @Test("A plugin, its arguments and variables, and the cluster where it asks for it")
    func plugins() throws {
        let exec =
            "{apiVersion: client.authentication.k8s.io/v1beta1, command: bin/aws, args: [eks, get-token], env: [{name: A, value: b}], installHint: get it, provideClusterInfo: true}"
        let cluster =
            "{server: 'https://h', certificate-authority-data: Q0E=, tls-server-name: name, extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]}"
        guard case .plugin(let plugin) = try credentials("{exec: \(exec)}", cluster: cluster).bearer else {
            Issue.record("no plugin")
            return
        }
        #expect(plugin.command == "/home/me/bin/aws")
        #expect(plugin.arguments == ["eks", "get-token"])
        #expect(plugin.environment == ["A": "b"])
        #expect(
            plugin.cluster
                == #"{"server":"https://h","tls-server-name":"name","certificate-authority-data":"Q0E=","config":{"audience":"x"}}"#
        )
        let bare = try credentials("{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}")
        guard case .plugin(let plain) = bare.bearer else {
            Issue.record("no plugin")
            return
        }
        #expect(plain.command == "aws" && plain.cluster == nil)
    }

    @Test("Several files count as one, the first of two names before the second")
    func severalFiles() throws {
        let folder = try Folder()
        let first = try folder.write(
            "current-context: there\nusers: [{name: robot, user: {token: first}}]", to: "first")
        let second = try folder.write(standard, to: "second")
        let variable = "/no/such/file:\(first):\(second)"
        let configuration = try ClusterConfiguration(kubeconfig: nil, environment: ["KUBECONFIG": variable])
        #expect(configuration.server == "https://away.example:443/k8s/c1")
        #expect(configuration.credentials.bearer == .token(.text(Secret("first"))))
        let alone = try ClusterConfiguration(kubeconfig: second)
        #expect(alone.authorities == .file(folder.path + "/ca.pem"))
        #expect(throws: APIFailure.self) {
            try ClusterConfiguration(kubeconfig: nil, environment: ["KUBECONFIG": "/no/such/file"])
        }
        #expect(throws: APIFailure.self) {
            try ClusterConfiguration(kubeconfig: nil, environment: ["HOME": folder.path])
        }
        #expect(throws: APIFailure.self) { try ClusterConfiguration(kubeconfig: nil) }
    }

    @Test("A command asks the cluster that kubectl would ask")
    func asKubectl() throws {
        let home = try Folder()
        let pod = try Folder()
        try pod.write("token", to: "token")
        try pod.write("CA", to: "ca.crt")
        try pod.write("gate", to: "namespace")
        func file(_ server: String, to name: String) throws -> String {
            try home.write(
                """
                current-context: a
                clusters: [{name: c, cluster: {server: 'https://\(server)'}}]
                contexts: [{name: a, context: {cluster: c, namespace: a}}, {name: b, context: {cluster: c, namespace: b}}]
                """, to: name)
        }
        let given = try file("given", to: "given")
        let listed = try file("listed", to: "listed")
        var environment = ["HOME": home.path]
        func found(_ path: String? = nil, context: String? = nil) throws -> String {
            let found = try ClusterConfiguration.asKubectl(
                kubeconfig: path, context: context, environment: environment, folder: pod.path)
            return "\(found.server) \(found.namespace ?? "-") \(found.isInCluster)"
        }
        #expect(throws: APIFailure.self) { try found() }
        environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        environment["KUBERNETES_SERVICE_PORT"] = "443"
        #expect(try found() == "https://10.0.0.1:443 gate true")
        // A context is one of a kubeconfig.
        #expect(throws: APIFailure.self) { try found(context: "b") }
        try FileManager.default.createDirectory(atPath: home.path + "/.kube", withIntermediateDirectories: true)
        _ = try file("usual", to: ".kube/config")
        #expect(try found() == "https://10.0.0.1:443 gate true")
        #expect(try found(context: "b") == "https://usual b false")
        environment["KUBERNETES_SERVICE_HOST"] = nil
        #expect(try found() == "https://usual a false")
        environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        environment["KUBECONFIG"] = "/no/such/file:\(listed):\(given)"
        #expect(try found() == "https://listed a false")
        #expect(try found(context: "b") == "https://listed b false")
        #expect(try found(given) == "https://given a false")
    }
}

@Suite("Inside a cluster")
struct InClusterTests {
    private let environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]

    @Test("What Kubernetes has put there says everything")
    func found() throws {
        let folder = try Folder()
        try folder.write("token\n", to: "token")
        try folder.write("CA", to: "ca.crt")
        try folder.write("shop\n", to: "namespace")
        let configuration = try #require(
            try ClusterConfiguration.inCluster(environment: environment, folder: folder.path))
        #expect(configuration.server == "https://10.0.0.1:443")
        #expect(configuration.namespace == "shop")
        #expect(configuration.verifiesServer)
        let identity = try configuration.credentials.identity(nil, authorities: configuration.authorities)
        #expect(identity == Identity(authorization: Secret("Bearer token"), authorities: "CA"))
        var sixth = environment
        sixth["KUBERNETES_SERVICE_HOST"] = "fd00::1"
        let over6 = try #require(try ClusterConfiguration.inCluster(environment: sixth, folder: folder.path))
        #expect(over6.server == "https://[fd00::1]:443")
        let place = try ServerPlace(over6.server)
        #expect(place.host == "[fd00::1]" && place.port == 443)
    }

    @Test("No cluster, or no token, is nobody; a token without authorities is an error")
    func absent() throws {
        let folder = try Folder()
        #expect(try ClusterConfiguration.inCluster(environment: [:], folder: folder.path) == nil)
        #expect(try ClusterConfiguration.inCluster(environment: environment, folder: folder.path) == nil)
        try folder.write("token", to: "token")
        #expect(throws: APIFailure.self) {
            try ClusterConfiguration.inCluster(environment: environment, folder: folder.path)
        }
    }
}
