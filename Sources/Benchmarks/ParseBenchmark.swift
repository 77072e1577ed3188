import JSON

/// How fast a review of 7 KB with four containers is parsed on one core, duplicate keys checked, and its images found.
enum ParseBenchmark: Benchmark {
    static let name = "parse"

    /// MB/s.
    private static let aim = 400.0
    /// Microseconds: the share that looking up has of the 5 that planning may take.
    private static let findAim = 5.0

    static func run() throws {
        let review = SampleReview.bytes()
        let parse = try Measurement.median(calls: 1000) {
            _ = try Document(copying: review.span)
        }
        let document = try Document(review)
        var found = 0
        let find = Measurement.median(calls: 1000) {
            guard let containers = document.root["request"]?["object"]?["spec"]?["containers"] else { return }
            found = containers.elements.count { $0["image"]?.string != nil }
        }
        let speed = Double(review.count) / parse * 1000
        let what = "\(review.count) bytes in \(Measurement.decimal(parse / 1000, 1)) µs on one core"
        Measurement.report("parse", speed, "MB/s", least: aim, what)
        Measurement.report("find", find / 1000, "µs", most: findAim, "\(found) images in that review")
    }
}
