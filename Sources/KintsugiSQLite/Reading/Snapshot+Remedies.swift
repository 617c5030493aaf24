import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What recovery has learned: one row of counters for each remedy and chain.
extension Snapshot {
    static let remediesSQL = """
        SELECT n.text, s.kind, s.value FROM names n
        CROSS JOIN stats s ON s.subject_no = n.no AND s.minute = -1 WHERE n.kind = ?
        """
    static let firstTimeSQL = "SELECT at FROM appends WHERE position >= 1 ORDER BY position LIMIT 1"
    static let chainFiguresSQL = "SELECT kind, value FROM stats WHERE subject_no = ? AND minute = -1"

    func remedies() throws(ReadFault) -> MeasuredRemedies {
        var measured = MeasuredRemedies()
        measured.since = try statement(Self.firstTimeSQL).first { Timestamp(milliseconds: $0.int(0)) }
        let select = try statement(Self.remediesSQL)
        select.bind(1, NameKind.remedy.rawValue)
        while try select.next() {
            guard let remedy = Remedy(name: select.text(0)) else { continue }
            let value = Int(select.int(2))
            switch Int(select.int(1)) {
            case StatKind.tried: measured.figures[remedy, default: RemedyFigures()].tried = value
            case StatKind.mended: measured.figures[remedy, default: RemedyFigures()].recovered = value
            default: break
            }
        }
        return measured
    }

    func chainFigures(_ chains: [UUID7]) throws(ReadFault) -> [ChainFigures] {
        var all: [ChainFigures] = []
        for chain in chains { all.append(try chainFigures(chain)) }
        return all
    }

    private func chainFigures(_ chain: UUID7) throws(ReadFault) -> ChainFigures {
        var figures = ChainFigures()
        guard let number = try number(.chain, chain.description) else { return figures }
        let select = try statement(Self.chainFiguresSQL)
        select.bind(1, number)
        while try select.next() {
            let value = Int(select.int(1))
            switch Int(select.int(0)) {
            case StatKind.chainStarted: figures.started = value
            case StatKind.chainRecovered: figures.recovered = value
            case StatKind.chainExhausted: figures.exhausted = value
            default: break
            }
        }
        return figures
    }
}
