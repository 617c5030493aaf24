package import KintsugiStore

/// What came out when every projection was made again from the events and compared.
package struct VerificationReport: Sendable, Hashable {
    package var tasks = 0
    package var events = 0
    /// One sentence each; at most `maxProblems` are kept.
    package var problems: [String] = []
    /// How many there are in all.
    package var problemCount = 0

    package static let maxProblems = 100

    package var isSound: Bool { problemCount == 0 }

    mutating func found(_ problem: String) {
        problemCount += 1
        if problems.count < Self.maxProblems { problems.append(problem) }
    }
}

extension SQLiteStore {
    /// Makes every projection again from the events, on one snapshot, and compares.
    ///
    /// It reads everything there is, and the WAL cannot be cut while it does.
    package func verify() async throws(StoreError) -> VerificationReport {
        try await read(within: .none) { snapshot throws(ReadFault) in
            var verification = Verification(snapshot)
            return try verification.run()
        }
    }
}
