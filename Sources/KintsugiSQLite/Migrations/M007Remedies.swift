import GRDB
import KintsugiCore
import KintsugiVocabulary

extension Schema {
    /// What was tried against which failures, and how chains went, was not counted before.
    static func createRemedies(_ db: Database) throws {
        let insert = try db.makeStatement(sql: "INSERT OR IGNORE INTO names(kind, text) VALUES (?, ?)")
        for error in ErrorType.allCases {
            for strategy in Strategy.allCases where strategy.mends {
                let remedy = Remedy(strategy, against: error)
                try insert.execute(arguments: [NameKind.remedy.rawValue, remedy.name])
            }
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO names(kind, text) SELECT ?, key FROM streams WHERE kind = 'chain'",
            arguments: [NameKind.chain.rawValue])
        try recount(db)
    }
}
