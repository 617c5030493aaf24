import GRDB

extension Schema {
    /// How the attempts of each agent ended was not kept before.
    static func createAgentFigures(_ db: Database) throws { try recount(db) }
}
