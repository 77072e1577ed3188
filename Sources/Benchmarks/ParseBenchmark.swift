import JSON

/// How fast a review of 7 KB with four containers is parsed on one core, duplicate keys checked, and its images found.
enum ParseBenchmark: Benchmark {
    static let name = "parse"

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
        let speed = Measurement.oneDigit(Double(review.count) / parse * 1000)
        print("parse  \(review.count) bytes in \(Measurement.oneDigit(parse / 1000)) µs: \(speed) MB/s")
        print("find   \(found) images in \(Measurement.oneDigit(find / 1000)) µs")
    }
}
