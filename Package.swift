// swift-tools-version: 6.2
import PackageDescription

// Every module of the project is compiled alike: Swift 6 mode (strict concurrency), strict memory safety, and warnings
// as errors.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A module of the house and its tests. A module depends only on modules on lower floors.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: settings)
}

let package = Package(
    name: "countersign",
    products: [.executable(name: "countersign", targets: ["countersign"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 0: C
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Floor 1: bytes
        module("JSON", []),
        module("YAML", ["JSON", .product(name: "Yams", package: "Yams")]),
        module("OpenSSL", ["COpenSSL"]),
        module("HTTPClient", ["CCurl"]),
        module("Metrics", []),
        module("Matching", []),
        module("RegularExpression", []),
        module("Processes", ["CLinux"]),
        module("Waiting", []),

        // Floor 2: values and the door
        module("HTTPServer", ["CLinux", "COpenSSL", "CZlib", "OpenSSL"]),
        module("OCI", ["JSON", "OpenSSL"]),
        module("JMESPath", ["JSON", "Matching", "OCI", "OpenSSL", "RegularExpression", "YAML"]),

        // Floor 3: protocols and formats
        module("Registry", ["JSON", "HTTPClient", "OCI", "OpenSSL", "Processes", "Waiting"]),
        module("Sigstore", ["JSON", "OCI", "OpenSSL"]),

        module("Kubernetes", ["HTTPClient", "JSON", "Processes", "Waiting", "YAML"]),

        // Floor 4 to 6: proof, rules, verdict
        module("Verification", ["OCI", "OpenSSL", "Registry", "Sigstore"]),
        module(
            "Policy",
            ["JSON", "JMESPath", "Matching", "YAML", "OCI", "OpenSSL", "Registry", "Sigstore", "Verification"]),
        module(
            "Admission", ["JSON", "JMESPath", "OCI", "HTTPServer", "Metrics", "Policy", "Registry", "Verification"]),

        // Floor 7: who calls the gate
        module("Rehearsal", ["JSON", "YAML", "OCI", "Admission", "Policy", "Verification"]),

        module(
            "Cluster",
            [
                "JSON", "YAML", "OCI", "OpenSSL", "Kubernetes", "Admission", "Policy", "Metrics", "Registry",
                "Matching", "Rehearsal", "Verification", "Waiting",
            ]),

        // Side: a registry and a signer for the demo, the tests and the benchmarks
        module("LocalRegistry", ["JSON", "OCI", "OpenSSL", "HTTPServer"]),

        // Side: an API server in memory, for the tests
        module("LocalCluster", ["JSON", "Kubernetes"]),

        // Floor 8: the executable
        .executableTarget(
            name: "countersign",
            dependencies: [
                "Admission", "CLinux", "Cluster", "HTTPClient", "HTTPServer", "JSON", "Kubernetes", "LocalRegistry",
                "Metrics",
                "OCI", "OpenSSL", "Policy", "Registry", "Rehearsal", "Sigstore", "Verification", "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        tests("JSON", []),
        tests("YAML", ["JSON"]),
        tests("OpenSSL", []),
        tests("HTTPClient", ["HTTPServer", "LocalRegistry", "OpenSSL"]),
        tests("Metrics", []),
        tests("Matching", []),
        tests("RegularExpression", []),
        tests("Processes", []),
        tests("Waiting", []),
        tests("HTTPServer", ["OpenSSL", "HTTPClient"]),
        tests("OCI", ["JSON"]),
        tests("JMESPath", ["JSON", "OpenSSL"]),
        tests("Registry", ["HTTPClient", "JSON", "LocalRegistry", "OCI", "OpenSSL", "Processes", "Waiting"]),
        tests("Sigstore", ["JSON", "OCI", "OpenSSL", "LocalRegistry"]),
        tests("Verification", ["HTTPClient", "JSON", "LocalRegistry", "OCI", "OpenSSL", "Registry", "Sigstore"]),
        tests("Policy", ["JMESPath", "JSON", "OCI", "OpenSSL", "Sigstore", "Verification"]),
        tests(
            "Admission",
            [
                "JSON", "HTTPClient", "HTTPServer", "LocalRegistry", "Metrics", "OCI", "OpenSSL", "Policy", "Registry",
                "Verification",
            ]),
        tests(
            "Rehearsal",
            [
                "Admission", "HTTPClient", "JSON", "LocalRegistry", "OCI", "OpenSSL", "Policy", "Registry",
                "Verification",
            ]),
        tests("Kubernetes", ["HTTPClient", "HTTPServer", "JSON", "LocalCluster", "OpenSSL", "Processes"]),
        // Cluster's own, against the API server in memory; ClusterTests run against a real one
        .testTarget(
            name: "ControllerTests",
            dependencies: [
                "Admission", "CLinux", "Cluster", "HTTPClient", "HTTPServer", "JSON", "Kubernetes", "LocalCluster",
                "LocalRegistry", "Metrics", "OCI", "OpenSSL", "Policy", "Registry", "Rehearsal", "Verification",
                "YAML",
            ],
            swiftSettings: settings),
        // What both of the following put together: real registries, cosign, and the executable as a process
        .target(
            name: "TestSupport", dependencies: ["CLinux", "LocalRegistry", "OCI", "OpenSSL"], path: "Tests/Support",
            swiftSettings: settings),
        // Real registries, cosign and the executable itself (`make test` brings them)
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["TestSupport", "HTTPServer", "JSON", "LocalRegistry", "OCI", "OpenSSL"],
            swiftSettings: settings),
        // The same under a real API server (`make test-cluster`)
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "TestSupport", "CLinux", "Cluster", "HTTPClient", "HTTPServer", "JSON", "Kubernetes", "OCI", "OpenSSL",
                "Policy", "YAML",
            ],
            swiftSettings: settings),

        tests("LocalRegistry", ["HTTPClient", "JSON", "OCI", "OpenSSL", "Sigstore"]),
    ]
)

// Behind `make bench`, and left out of a normal build.
if Context.environment["COUNTERSIGN_BENCH"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "Benchmarks", dependencies: ["Admission", "JSON", "LocalRegistry", "OpenSSL", "Policy", "YAML"],
            swiftSettings: settings))
}

// Behind `make fuzz`, and left out of a normal build: it links only with libFuzzer.
if Context.environment["COUNTERSIGN_FUZZ"] == "1" {
    package.targets += [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "Fuzzing",
            dependencies: [
                "CFuzzer", "HTTPServer", "JMESPath", "JSON", "Kubernetes", "OCI", "OpenSSL", "Policy",
                "RegularExpression",
                "Sigstore",
                "YAML",
            ],
            swiftSettings: settings),
    ]
}
