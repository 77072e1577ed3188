import ArgumentParser
import Verification

/// How long and how much is remembered.
struct CacheOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long a verified image is remembered; 0 remembers nothing.", valueName: "duration"))
    var cacheTTL = DurationArgument(.seconds(3600), description: "60m")

    @Option(help: ArgumentHelp("How long a failed verification is remembered.", valueName: "duration"))
    var cacheNegativeTTL = DurationArgument(.seconds(10), description: "10s")

    @Option(help: ArgumentHelp("How many verdicts are remembered.", valueName: "n"))
    var cacheSize = 10_000

    func validate() throws {
        guard (0...10_000_000).contains(cacheSize) else {
            throw ValidationError("--cache-size must be between 0 and 10000000")
        }
    }

    var configuration: ImageVerifier.Configuration {
        ImageVerifier.Configuration(positiveTTL: cacheTTL.value, negativeTTL: cacheNegativeTTL.value, size: cacheSize)
    }
}
