import JSON
import Kubernetes
import Policy
import Rehearsal
import Waiting

/// An object that exists, and what the policies say about it.
public struct ScannedObject: Sendable {
    public let reference: ObjectReference
    /// The images that objects of the kind hold by nature, each once.
    public let images: [String]
    /// A row for each policy, rule and image.
    public let report: Report
}

/// Reads what exists in a cluster, page by page, and asks of each object what would come of it if it were sent now.
///
/// However many objects there are, no more than a page of them is held at once. Nothing is written.
public struct WorkloadScan: Sendable {
    public struct Options: Sendable {
        /// The one namespace to look at; nil for all.
        public var namespace: String?
        /// Namespaces that are not looked at, since no webhook is asked about them.
        public var excludedNamespaces: Set<String>
        /// Whether to pass over what has come to its end, and what has no pods for now.
        public var onlyRunning: Bool
        /// Objects a second at most; nil for as fast as it goes.
        public var rate: Int?
        /// Objects that are looked at side by side: enough to keep a registry busy.
        public var width: Int
        /// Objects in a page. A Pod has some 10 kB: half a megabyte.
        public var pageSize: Int

        public init(
            namespace: String? = nil, excludedNamespaces: Set<String> = [], onlyRunning: Bool = false,
            rate: Int? = nil, width: Int = 4, pageSize: Int = 50
        ) {
            self.namespace = namespace
            self.excludedNamespaces = excludedNamespaces
            self.onlyRunning = onlyRunning
            self.rate = rate
            self.width = width
            self.pageSize = pageSize
        }
    }

    /// Why not everything was looked at.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let type: ResourceType
        public let cause: APIFailure

        public var description: String { "\(type) cannot be listed: \(cause)" }
    }

    /// How a scan ended.
    public struct Ending: Sendable {
        /// Whether all was looked at that may be; false when the scan was told to stop.
        public internal(set) var isComplete = false
        /// The kinds that we have no right to list, and what the API server said. All others are looked at all the
        /// same: a right that nobody gave is missing the next time, too.
        public internal(set) var forbidden: [Failure] = []
        /// The kinds of which everything was looked at; one that the API server does not have is among them.
        var kinds: Set<ScannedKind> = []
    }

    /// What a scan tells on its way.
    public enum Step: Sendable {
        /// How many objects have been read so far, those that are passed over among them.
        case read(Int)
        case scanned(ScannedObject)
    }

    private let api: any KubernetesAPI
    private let rehearsal: Rehearsal
    private let options: Options

    /// How often a list is begun anew that the API server has forgotten in the middle, as it does after five minutes.
    static let maximumRestarts = 5

    public init(api: any KubernetesAPI, rehearsal: Rehearsal, options: Options = Options()) {
        self.api = api
        self.rehearsal = rehearsal
        self.options = options
    }

    /// How many objects there are about, for the one who waits; nil when the API server does not say.
    public func count(_ targets: [ScanTarget]) async -> Int? {
        var total = 0
        for type in targets.compactMap(\.candidates.first) {
            let group = type.group.isEmpty ? "/api/\(type.version)" : "/apis/\(type.group)/\(type.version)"
            let place = options.namespace.map { "/namespaces/\($0)" } ?? ""
            do throws(APIFailure) {
                let list = try await api.document(at: "\(group)\(place)/\(type.plural)?limit=1")
                total += (list["items"]?.count ?? 0) + (list["metadata"]?["remainingItemCount"]?.integer ?? 0)
            } catch {
                guard error.isNotFound else { return nil }
            }
        }
        return total
    }

    /// - Parameters:
    ///   - goesOn: Asked before each object; once it says no, the scan ends early.
    ///   - handle: Told of each step, one after another.
    /// - Throws: ``Failure`` when a list cannot be had for another reason than a missing right. A kind that the API
    ///   server does not have has no objects.
    public func run(
        _ targets: [ScanTarget], goesOn: @Sendable () -> Bool = { true },
        _ handle: (Step) async -> Void
    ) async throws(Failure) -> Ending {
        var ending = Ending()
        var read = 0
        for target in targets {
            var isRefused = false
            for type in target.candidates {
                guard type.isNamespaced || options.namespace == nil else { break }
                do throws(APIFailure) {
                    guard try await scan(type, &read, goesOn, handle) else { return ending }
                    break
                } catch {
                    if error.isForbidden {
                        ending.forbidden.append(Failure(type: type, cause: error))
                        isRefused = true
                        break
                    }
                    guard error.isNotFound else { throw Failure(type: type, cause: error) }
                }
            }
            if !isRefused { ending.kinds.formUnion(target.candidates.map { ScannedKind($0) }) }
        }
        // One of several versions of a kind that may not be read is enough not to know all of it.
        for failure in ending.forbidden { ending.kinds.remove(ScannedKind(failure.type)) }
        ending.isComplete = true
        return ending
    }

    private func scan(
        _ type: ResourceType, _ read: inout Int, _ goesOn: @Sendable () -> Bool, _ handle: (Step) async -> Void
    ) async throws(APIFailure) -> Bool {
        var next: String?
        var restarts = 0
        // A list that is begun anew holds objects that have been looked at: known by the hash of their uid, eight bytes
        // each.
        var seen: Set<Int> = []
        while true {
            guard goesOn(), !Task.isCancelled else { return false }
            let begin = ContinuousClock.now
            let page: ObjectPage
            do throws(APIFailure) {
                page = try await api.page(
                    type, Selection(namespace: options.namespace), limit: options.pageSize, continuing: next)
            } catch {
                guard error.isGone, next != nil, restarts < Self.maximumRestarts else { throw error }
                next = nil
                restarts += 1
                continue
            }
            let fresh = page.items.filter { seen.insert(Self.identity($0)).inserted }
            guard await scan(fresh, type, goesOn, handle) else { return false }
            read += fresh.count
            await handle(.read(read))
            next = page.next
            if next == nil { return true }
            if let rate = options.rate {
                await AlarmClock.shared.sleep(until: begin + .seconds(1) * fresh.count / max(1, rate))
            }
        }
    }

    private static func identity(_ object: Value) -> Int {
        if let uid = object["metadata"]?["uid"]?.string { return uid.hashValue }
        return ObjectName(of: object).hashValue
    }

    /// - Returns: false when it was told to stop in the middle.
    private func scan(
        _ objects: [Value], _ type: ResourceType, _ goesOn: @Sendable () -> Bool, _ handle: (Step) async -> Void
    ) async -> Bool {
        await withTaskGroup(of: ScannedObject?.self) { group in
            for (index, object) in objects.filter({ isLookedAt($0, ScannedKind(type)) }).enumerated() {
                if index >= options.width, let scanned = await group.next() ?? nil { await handle(.scanned(scanned)) }
                guard goesOn(), !Task.isCancelled else {
                    group.cancelAll()
                    return false
                }
                group.addTask { await scanned(object, type) }
            }
            for await scanned in group {
                if let scanned { await handle(.scanned(scanned)) }
            }
            return true
        }
    }

    private func isLookedAt(_ object: Value, _ kind: ScannedKind) -> Bool {
        let namespace = object["metadata"]?["namespace"]?.string ?? ""
        // What is being deleted has to be let go, whatever it holds.
        guard !options.excludedNamespaces.contains(namespace),
            object["metadata"]?["deletionTimestamp"]?.isNull ?? true, !Self.isIdle(object, kind)
        else { return false }
        return !options.onlyRunning || Self.isRunning(object)
    }

    /// Whether an object says nothing that counts: an old revision of a Deployment, kept in case somebody goes back to
    /// it, which is looked at again then.
    static func isIdle(_ object: Value, _ kind: ScannedKind) -> Bool {
        kind.group == "apps" && kind.kind == "ReplicaSet" && object["spec"]?["replicas"]?.integer == 0
    }

    /// Whether an object is, or is to become, something that runs: no finished Pod or Job, and no old ReplicaSet.
    private static func isRunning(_ object: Value) -> Bool {
        if let phase = object["status"]?["phase"]?.string, ["Succeeded", "Failed"].contains(phase) { return false }
        if object["spec"]?["replicas"]?.integer == 0 { return false }
        let conditions = object["status"]?["conditions"].map { Array($0.elements) } ?? []
        return !conditions.contains { condition in
            ["Complete", "Failed"].contains(condition["type"]?.string ?? "") && condition["status"]?.string == "True"
        }
    }

    private func scanned(_ object: Value, _ type: ResourceType) async -> ScannedObject? {
        guard let name = ObjectName(of: object),
            let manifest = try? Manifest(
                listed: object, apiVersion: type.apiVersion, kind: type.kind, isNamespaced: type.isNamespaced)
        else { return nil }
        var images: [String] = []
        for image in ResourceImages.images(in: manifest.object, kind: type.kind) where !images.contains(image.text) {
            images.append(image.text)
        }
        return ScannedObject(
            reference: ObjectReference(
                apiVersion: type.apiVersion, kind: type.kind, namespace: name.namespace ?? "", name: name.name,
                uid: object["metadata"]?["uid"]?.string ?? ""),
            images: images, report: await rehearsal.run([manifest]))
    }
}
