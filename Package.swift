// swift-tools-version: 6.2
import PackageDescription

/// One strict dialect for every target: Swift 6, no silent warning, explicit existentials and imports.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let server: TargetDependencyCondition? = .when(traits: ["Server"])

let package = Package(
    name: "kintsugi",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Kintsugi", targets: ["Kintsugi"]),
        .library(name: "KintsugiServer", targets: ["KintsugiServer"]),
        .executable(name: "kintsugi", targets: ["KintsugiCommand"]),
    ],
    traits: [
        .trait(
            name: "Server",
            description: "The HTTP API and the `kintsugi` command; an embedding app leaves it out."),
        .default(enabledTraits: ["Server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1",
            traits: ["ConfigurationSupport"]),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // 0
        .target(name: "KintsugiVocabulary", swiftSettings: strict),
        .target(name: "CDashboard", exclude: ["web"], linkerSettings: [.linkedLibrary("z")]),
        // 1
        .target(name: "KintsugiCore", dependencies: ["KintsugiVocabulary"], swiftSettings: strict),
        .target(name: "KintsugiWire", dependencies: ["KintsugiVocabulary"], swiftSettings: strict),
        // 2
        .target(
            name: "KintsugiStore", dependencies: ["KintsugiCore", "KintsugiVocabulary"], swiftSettings: strict
        ),
        // 3
        .target(
            name: "KintsugiEngine",
            dependencies: [
                "KintsugiCore", "KintsugiStore", "KintsugiVocabulary",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        // 4
        .target(
            name: "KintsugiTelemetry",
            dependencies: [
                "KintsugiCore", "KintsugiEngine", "KintsugiVocabulary",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "KintsugiSQLite",
            dependencies: [
                "KintsugiCore", "KintsugiStore", "KintsugiVocabulary",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "KintsugiAgents",
            dependencies: [
                "KintsugiCore", "KintsugiEngine", "KintsugiVocabulary",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        // 5
        .target(
            name: "Kintsugi",
            dependencies: [
                "KintsugiAgents", "KintsugiCore", "KintsugiEngine", "KintsugiSQLite", "KintsugiStore",
                "KintsugiVocabulary", "KintsugiWire",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        // 6
        .target(
            name: "KintsugiServer",
            dependencies: [
                "CDashboard", "Kintsugi", "KintsugiCore", "KintsugiEngine", "KintsugiStore",
                "KintsugiVocabulary",
                "KintsugiWire",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
                .product(name: "Hummingbird", package: "hummingbird", condition: server),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: server),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: server),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: server),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "KintsugiCLI",
            dependencies: [
                "Kintsugi", "KintsugiAgents", "KintsugiCore", "KintsugiEngine", "KintsugiServer",
                "KintsugiSQLite",
                "KintsugiStore", "KintsugiTelemetry", "KintsugiVocabulary", "KintsugiWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: server),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
                .product(name: "Histogram", package: "hdrhistogram-swift", condition: server),
                .product(name: "Hummingbird", package: "hummingbird", condition: server),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams", condition: server),
            ],
            swiftSettings: strict),
        // 7
        .executableTarget(name: "KintsugiCommand", dependencies: ["KintsugiCLI"], swiftSettings: strict),
        // tests
        .testTarget(
            name: "KintsugiCoreTests", dependencies: ["KintsugiCore", "KintsugiVocabulary"],
            swiftSettings: strict),
        .testTarget(
            name: "KintsugiAgentsTests",
            dependencies: [
                "KintsugiAgents", "KintsugiCore", "KintsugiEngine", "KintsugiVocabulary",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "StoreContractTests",
            dependencies: [
                "KintsugiCore", "KintsugiSQLite", "KintsugiStore", "KintsugiVocabulary",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "KintsugiEngineTests",
            dependencies: [
                "KintsugiCore", "KintsugiEngine", "KintsugiStore", "KintsugiVocabulary",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "KintsugiServerTests",
            dependencies: [
                "Kintsugi", "KintsugiCore", "KintsugiEngine", "KintsugiServer", "KintsugiStore",
                "KintsugiVocabulary", "KintsugiWire",
                .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
                .product(name: "Hummingbird", package: "hummingbird", condition: server),
                .product(name: "HummingbirdTesting", package: "hummingbird", condition: server),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    cLanguageStandard: .c2x
)
