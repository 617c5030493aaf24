/// The arrows that were decided on. An import that is not here fails the build's tests: add it here, with a
/// reason in a decision record, or do without it.
enum Architecture {
    /// For each target: what it may import, of ours and from outside.
    static let imports: [String: Set<String>] = [
        "KintsugiVocabulary": [],
        "KintsugiCore": ["KintsugiVocabulary"],
        "KintsugiWire": ["KintsugiVocabulary", "FoundationEssentials"],
        "KintsugiStore": ["KintsugiCore", "KintsugiVocabulary", "Synchronization"],
        "KintsugiEngine": [
            "KintsugiCore", "KintsugiStore", "KintsugiVocabulary", "CoreMetrics", "Logging",
            "ServiceLifecycle", "Synchronization",
            "Glibc", "Musl", "Darwin",
        ],
        "KintsugiTelemetry": [
            "KintsugiCore", "KintsugiEngine", "KintsugiVocabulary", "AsyncHTTPClient", "CoreMetrics",
            "FoundationEssentials", "Logging", "NIOCore", "NIOHTTP1", "ServiceLifecycle", "Synchronization",
            "Glibc", "Musl", "Darwin",
        ],
        "KintsugiSQLite": [
            "KintsugiCore", "KintsugiStore", "KintsugiVocabulary", "Dispatch", "GRDB", "GRDBSQLite",
            "SQLite3",
            "Foundation",
            "FoundationEssentials", "Synchronization", "Glibc", "Musl", "Darwin",
        ],
        "KintsugiAgents": [
            "KintsugiCore", "KintsugiEngine", "KintsugiVocabulary", "AsyncHTTPClient", "Crypto",
            "FoundationEssentials", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "Synchronization",
            "Glibc",
            "Musl", "Darwin",
        ],
        "Kintsugi": [
            "KintsugiAgents", "KintsugiCore", "KintsugiEngine", "KintsugiSQLite", "KintsugiStore",
            "KintsugiVocabulary", "KintsugiWire", "Crypto", "FoundationEssentials", "Logging",
            "ServiceLifecycle",
            "Synchronization", "Glibc", "Musl", "Darwin",
        ],
        "KintsugiServer": [
            "CDashboard", "Kintsugi", "KintsugiCore", "KintsugiEngine", "KintsugiStore", "KintsugiVocabulary",
            "KintsugiWire", "Crypto", "FoundationEssentials", "HTTPTypes", "Hummingbird", "HummingbirdCore",
            "Logging",
            "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOPosix", "ServiceLifecycle",
            "Synchronization", "Glibc", "Musl", "Darwin",
        ],
        "KintsugiCLI": [
            "Kintsugi", "KintsugiAgents", "KintsugiCore", "KintsugiEngine", "KintsugiServer",
            "KintsugiSQLite",
            "KintsugiStore", "KintsugiTelemetry", "KintsugiVocabulary", "KintsugiWire", "ArgumentParser",
            "AsyncHTTPClient",
            "Foundation",
            "FoundationEssentials", "HTTPTypes", "Histogram", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1",
            "NIOPosix", "ServiceLifecycle", "Synchronization", "UnixSignals", "Yams", "Glibc", "Musl",
            "Darwin",
        ],
        "KintsugiCommand": ["KintsugiCLI"],
    ]

    /// The folders of the core, lower first: a file may use types of its own folder and of those before it.
    static let coreFolders = [
        "Support", "Failure", "Retry", "Breaker", "Limits", "Recovery", "Timeline", "Alert", "Routing",
        "TaskLifecycle",
        "Scheduler", "Bulk",
    ]

    /// Calls that are not used, and what to use in their place.
    static let banned: [(pattern: String, instead: String, exempt: Set<String>)] = [
        ("try!", "handle the error", []),
        (#"\bas!"#, "as?", []),
        (#"\bfatalError\("#, "preconditionFailure with the values", []),
        (#"\bThread\.sleep|\busleep\(|(^|[^.\w])sleep\("#, "wait for a signal", []),
        (#"(^|\s)print\("#, "Terminal or a logger", []),
        (#"\buniqueKeysWithValues"#, "a loop: a repeated key ends the process", []),
        (
            #"\bTask\.detached|(^|(?<!struct)[\s=(])Task \{"#, "a structured child of a service",
            ["KintsugiCLI"]
        ),
        (#"\bnonisolated\(unsafe\)"#, "a Mutex", []),
    ]
}
