import JSON
import Kubernetes
import Policy
import YAML

/// Defines the kinds of policies in a cluster that lacks them. What is there already is never touched: it may be
/// Kyverno's own.
public struct DefinitionInstaller: Sendable {
    /// What an operator may want to read in the log.
    public enum Event: Sendable, CustomStringConvertible {
        case created(String)
        /// It is tried again.
        case failed(String, APIFailure)

        public var description: String {
            switch self {
            case .created(let name): "made the definition \(name), which the cluster lacked"
            case .failed(let name, let failure): "the definition \(name) cannot be made: \(failure)"
            }
        }
    }

    /// The CustomResourceDefinitions that deploy/crds holds.
    public struct Definitions: Sendable {
        struct Definition: Sendable {
            let name: ObjectName
            let body: [UInt8]
        }

        let definitions: [Definition]

        /// Reads the files of a folder.
        ///
        /// - Throws: ``PolicyProblem`` for what cannot be read, for a file that holds anything else, and where one is
        ///   missing.
        public init(folder: String) throws(PolicyProblem) {
            let files = PolicyFiles(reading: [folder])
            if let problem = files.problems.first { throw problem }
            var definitions: [Definition] = []
            for file in files.files {
                do throws(YAMLError) {
                    for document in try YAML.documents(file.bytes) {
                        definitions.append(Definition(name: Self.name(of: document.root), body: document.bytes))
                    }
                } catch {
                    throw PolicyProblem(file: file.path, reason: error.description)
                }
            }
            try self.init(definitions, from: folder)
        }

        private init(_ definitions: [Definition], from folder: String) throws(PolicyProblem) {
            let wanted = PolicyID.Kind.allCases.map(\.definition)
            if let other = definitions.first(where: { !wanted.contains($0.name) }) {
                throw PolicyProblem(file: folder, reason: "holds \(other.name), which is no definition of a policy")
            }
            if let missing = wanted.first(where: { name in !definitions.contains { $0.name == name } }) {
                throw PolicyProblem(file: folder, reason: "lacks the definition \(missing)")
            }
            self.definitions = definitions
        }

        private static func name(of document: Value) -> ObjectName {
            let kind = document["kind"]?.string ?? "something"
            let name = document["metadata"]?["name"]?.string ?? "without a name"
            return ObjectName(kind == "CustomResourceDefinition" ? name : "\(kind) \(name)")
        }
    }

    /// How often the leader looks whether they are all still there.
    public static let standardInterval = Duration.seconds(60)

    private let api: any KubernetesAPI
    private let definitions: Definitions
    private let leadership: any Leadership
    private let pace: Pace
    private let interval: Duration
    private let observer: @Sendable (Event) -> Void

    public init(
        api: any KubernetesAPI, definitions: Definitions, leadership: any Leadership, pace: Pace = .standard,
        interval: Duration = standardInterval, observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.api = api
        self.definitions = definitions
        self.leadership = leadership
        self.pace = pace
        self.interval = interval
        self.observer = observer
    }

    /// Looks whenever this replica begins to lead, and now and then while it does, until the task is cancelled.
    public func run() async {
        for await isLeader in leadership.changes() where isLeader {
            var failures = 0
            while leadership.isLeader, !Task.isCancelled {
                failures = await install() ? 0 : failures + 1
                await pace.sleep(failures == 0 ? interval : pace.delay(afterFailures: failures))
            }
        }
    }

    /// Makes what is missing.
    ///
    /// - Returns: Whether all are there now.
    func install() async -> Bool {
        var isDone = true
        for definition in definitions.definitions {
            do throws(APIFailure) {
                guard try await isMissing(definition.name) else { continue }
                _ = try await api.create(.customResourceDefinitions, namespace: nil, definition.body)
                observer(.created(definition.name.name))
            } catch {
                // Somebody else was quicker.
                guard !error.isConflict else { continue }
                observer(.failed(definition.name.name, error))
                isDone = false
            }
        }
        return isDone
    }

    private func isMissing(_ name: ObjectName) async throws(APIFailure) -> Bool {
        do throws(APIFailure) {
            _ = try await api.get(.customResourceDefinitions, name)
            return false
        } catch {
            guard error.isNotFound else { throw error }
            return true
        }
    }
}
