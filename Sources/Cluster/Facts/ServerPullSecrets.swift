import JSON
import Kubernetes
import Registry
import Synchronization

/// The server's own pull secrets, from its own namespace, followed as they change.
///
/// What they open is good for every Pod, so whoever may write them decides what the server may read.
public struct ServerPullSecrets: Sendable {
    private let api: any KubernetesAPI
    private let namespace: String
    private let names: [String]
    private let pace: Pace

    /// - Parameter names: in the order in which they are tried.
    public init(_ api: any KubernetesAPI, namespace: String, names: [String], pace: Pace = .standard) {
        self.api = api
        self.namespace = namespace
        self.names = names
        self.pace = pace
    }

    /// Tells `use` what the secrets hold once all have been heard of, and after each change, until the task is
    /// cancelled. What is missing or cannot be used is among the keychain's problems.
    public func run(_ use: @escaping @Sendable (Keychain) -> Void) async {
        let book = Book(names, namespace: namespace)
        await withTaskGroup(of: Void.self) { group in
            for name in Set(names) {
                group.addTask {
                    let reflector = Reflector(
                        api, .secrets, .only(ObjectName(name, namespace: namespace)), pace: pace)
                    await reflector.run { observation in
                        if let keychain = book.take(observation, about: name) { use(keychain) }
                    }
                }
            }
        }
    }

    /// What is known of each secret.
    private final class Book: Sendable {
        private let names: [String]
        private let namespace: String
        private let pages = Mutex<[String: Result<DockerConfig, PullSecretContent.Problem>]>([:])

        init(_ names: [String], namespace: String) {
            self.names = names
            self.namespace = namespace
        }

        /// - Returns: the keychain, when there is news.
        func take(_ observation: Observation, about name: String) -> Keychain? {
            switch observation {
            case .replaced(let secrets):
                let secret = secrets.first { ObjectName(of: $0)?.name == name }
                return note(secret.map(PullSecretContent.configuration) ?? Self.missing, of: name)
            case .changed(let secret): return note(PullSecretContent.configuration(of: secret), of: name)
            case .removed, .absent: return note(Self.missing, of: name)
            case .stale(let failure):
                // What is known stays. What never was must not keep the other secrets from being used.
                guard pages.withLock({ $0[name] }) == nil else { return nil }
                return note(
                    .failure(PullSecretContent.Problem(description: "could not be read: \(failure)")), of: name)
            case .current: return nil
            }
        }

        private static let missing: Result<DockerConfig, PullSecretContent.Problem> =
            .failure(PullSecretContent.Problem(description: "does not exist"))

        private func note(_ page: Result<DockerConfig, PullSecretContent.Problem>, of name: String) -> Keychain? {
            pages.withLock { pages in
                pages[name] = page
                guard names.allSatisfy({ pages[$0] != nil }) else { return nil }
                var configurations: [DockerConfig] = []
                var problems: [String] = []
                for name in names {
                    switch pages[name] {
                    case .success(let configuration)?: configurations.append(configuration)
                    case .failure(let problem)?: problems.append("pull secret \(namespace)/\(name) \(problem)")
                    case nil: break
                    }
                }
                return Keychain(configurations, problems: problems)
            }
        }
    }
}
