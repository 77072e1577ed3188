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
    ///   - goesOn: Asked now and then; once it says no, the scan ends early.
    ///   - handle: Told of each step, one after another.
    /// - Returns: Whether everything was looked at.
    /// - Throws: ``Failure`` when a list cannot be had. A kind that the API server does not have has no objects.
    public func run(
        _ targets: [ScanTarget], goesOn: @Sendable () -> Bool = { true },
        _ handle: (Step) async -> Void
    ) async throws(Failure) -> Bool {
        var read = 0
        for target in targets {
            for type in target.candidates {
                guard type.isNamespaced || options.namespace == nil else { break }
                do throws(APIFailure) {
                    guard try await scan(type, &read, goesOn, handle) else { return false }
                    break
                } catch {
                    guard error.isNotFound else { throw Failure(type: type, cause: error) }
                }
            }
        }
        return true
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
            await scan(fresh, type, handle)
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

    private func scan(_ objects: [Value], _ type: ResourceType, _ handle: (Step) async -> Void) async {
        await withTaskGroup(of: ScannedObject?.self) { group in
            for (index, object) in objects.filter(isLookedAt).enumerated() {
                if index >= options.width, let scanned = await group.next() ?? nil { await handle(.scanned(scanned)) }
                group.addTask { await scanned(object, type) }
            }
            for await scanned in group {
                if let scanned { await handle(.scanned(scanned)) }
            }
        }
    }

    private func isLookedAt(_ object: Value) -> Bool {
        let namespace = object["metadata"]?["namespace"]?.string ?? ""
        // What is being deleted has to be let go, whatever it holds.
        guard !options.excludedNamespaces.contains(namespace),
            object["metadata"]?["deletionTimestamp"]?.isNull ?? true
        else { return false }
        return !options.onlyRunning || Self.isRunning(object)
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
            let manifest = try? Manifest(listed: object, apiVersion: type.apiVersion, kind: type.kind)
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
