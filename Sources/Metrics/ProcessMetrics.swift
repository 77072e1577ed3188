import FoundationEssentials
import Glibc

/// What the kernel says about this process, under the names that every Prometheus client uses.
///
/// Read through FoundationEssentials, because the C library's own calls take raw memory.
struct ProcessMetrics: Sendable {
    private let processFolder: String
    private let statisticsFile: String

    /// - Parameters:
    ///   - processFolder: The process's folder in proc(5).
    ///   - statisticsFile: The kernel's statistics, for when it started.
    init(processFolder: String = "/proc/self", statisticsFile: String = "/proc/stat") {
        self.processFolder = processFolder
        self.statisticsFile = statisticsFile
    }

    /// Writes what can be read; a system without proc(5) has none of it.
    func write(to writer: inout ExpositionWriter) {
        if let status {
            writer.head("process_cpu_seconds_total", help: "User and system CPU time in seconds.", kind: "counter")
            writer.sample("process_cpu_seconds_total", [], status.cpuSeconds)
            writer.head("process_resident_memory_bytes", help: "Resident memory in bytes.", kind: "gauge")
            writer.sample("process_resident_memory_bytes", [], status.residentBytes)
            if let kernelStart {
                let start = kernelStart + status.startAfterKernel
                writer.head("process_start_time_seconds", help: "Start in seconds since 1970.", kind: "gauge")
                writer.sample("process_start_time_seconds", [], start)
            }
        }
        if let openFiles {
            writer.head("process_open_fds", help: "Open file descriptors.", kind: "gauge")
            writer.sample("process_open_fds", [], UInt64(openFiles))
        }
    }

    struct Status: Equatable {
        /// Seconds.
        var cpuSeconds: Double
        var residentBytes: UInt64
        /// Seconds from the kernel's start to the process's.
        var startAfterKernel: Double

        /// Reads `/proc/PID/stat` (proc(5)).
        ///
        /// - Returns: nil for a text of another form.
        init?(parsing text: String, ticksPerSecond: Double, pageBytes: UInt64) {
            // The second field is the command in parentheses, which may itself hold spaces and parentheses.
            guard let end = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            // The first of these is proc(5)'s field 3: utime is 14, stime 15, starttime 22, rss 24.
            guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
                let start = Double(fields[19]), let pages = UInt64(fields[21])
            else { return nil }
            self.cpuSeconds = (user + system) / ticksPerSecond
            self.residentBytes = pages * pageBytes
            self.startAfterKernel = start / ticksPerSecond
        }
    }

    private var status: Status? {
        text("\(processFolder)/stat").flatMap { text in
            Status(
                parsing: text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
                pageBytes: UInt64(sysconf(Int32(_SC_PAGESIZE))))
        }
    }

    /// When the kernel started, in seconds since 1970.
    private var kernelStart: Double? {
        text(statisticsFile)?.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private var openFiles: Int? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(processFolder)/fd") else {
            return nil
        }
        // One of them is the listing itself.
        return max(0, names.count - 1)
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
