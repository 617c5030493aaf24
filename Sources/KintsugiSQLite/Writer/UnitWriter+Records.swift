import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension UnitWriter {
    /// Writes an event of a stream that is no task's, and the document it comes to.
    func write(_ append: RecordAppend) throws(SQLiteFault) -> StoreError? {
        let select = statements.selectStream
        select.bind(1, append.kind.rawValue)
        select.bind(2, append.key)
        let isKnown = try select.step()
        var stream = isKnown ? select.int(0) : 0
        let version = isKnown ? Int(select.int(1)) : 0
        let isThere = isKnown && select.int(2) != 0
        select.reset()
        if let expected = append.expectedVersion {
            if expected == 0, isThere { return .duplicate }
            if expected != 0, expected != version { return .versionConflict }
        }
        if isKnown {
            try update(stream, append, version: version + 1)
        } else {
            stream = takeStream()
            try insert(stream, append)
        }
        let data = append.loggedData
        let position = try log(data, stream: stream, seq: version + 1, count: 1, at: append.at)
        try writeAlerts(append, at: position)
        return nil
    }

    private func insert(_ stream: Int64, _ append: RecordAppend) throws(SQLiteFault) {
        let insert = statements.insertStream
        insert.bind(1, stream)
        insert.bind(2, append.kind.rawValue)
        insert.bind(3, append.key)
        insert.bind(4, document: append.document)
        insert.bind(5, append.at.milliseconds)
        try insert.run()
    }

    private func update(_ stream: Int64, _ append: RecordAppend, version: Int) throws(SQLiteFault) {
        let update = statements.updateStream
        update.bind(1, version)
        update.bind(2, document: append.document)
        update.bind(3, append.at.milliseconds)
        update.bind(4, stream)
        try update.run()
    }

    // MARK: Answers to repeated requests

    /// Keeps the answer; false: an earlier request with its key has one that is still good.
    func write(_ answer: IdempotencyRecord, at now: Timestamp?) throws(SQLiteFault) -> Bool {
        let select = statements.selectAnswer
        select.bind(1, answer.caller)
        select.bind(2, answer.operation)
        select.bind(3, answer.key)
        if try select.step() {
            let (old, expiresAt) = (select.int(0), select.int(1))
            select.reset()
            guard let now, expiresAt <= now.milliseconds else { return false }
            statements.deleteAnswer.bind(1, old)
            try statements.deleteAnswer.run()
        }
        if let now {
            statements.purgeAnswers.bind(1, now.milliseconds)
            try statements.purgeAnswers.run()
        }
        let insert = statements.insertAnswer
        insert.bind(1, answer.caller)
        insert.bind(2, answer.operation)
        insert.bind(3, answer.key)
        insert.bind(4, blob: answer.fingerprint)
        insert.bind(5, answer.status)
        insert.bind(6, text: answer.storedHeaders)
        insert.bind(7, blob: answer.body)
        insert.bind(8, answer.expiresAt.milliseconds)
        try insert.run()
        return true
    }
}

extension PreparedStatement {
    fileprivate func bind(_ index: Int32, document: JSONText?) {
        if let document { bind(index, text: document.bytes) } else { bind(index, Int64?.none) }
    }
}

extension RecordAppend {
    /// The event as the log keeps it: in the form of a task's append, with one event.
    var loggedData: [UInt8] {
        var json = JSONWriter(reserving: data.bytes.count + 16)
        json.array { json in
            json.array { json in
                json.int(event.code)
                json.json(data.bytes)
            }
        }
        return json.bytes
    }

    /// What `loggedData` holds.
    static func logged(_ bytes: [UInt8]) -> (event: RecordEventType, data: JSONText)? {
        guard let pair = (try? JSONNode(parsing: bytes))?.array?.first?.array, pair.count == 2,
            let event = pair[0].int.flatMap({ RecordEventType(code: Int(clamping: $0)) })
        else { return nil }
        return (event, JSONText(valid: Array(bytes[pair[1].range])))
    }
}

extension IdempotencyRecord {
    /// `[["name", "value"], …]`.
    var storedHeaders: [UInt8] {
        var json = JSONWriter()
        json.array(of: headers) { json, header in
            json.array { json in
                json.string(header.key)
                json.string(header.value)
            }
        }
        return json.bytes
    }

    static func headers(stored bytes: [UInt8]) -> [MetadataPair] {
        let pairs = (try? JSONNode(parsing: bytes))?.array ?? []
        return pairs.compactMap { pair in
            guard let parts = pair.array, parts.count == 2, let key = parts[0].string,
                let value = parts[1].string
            else { return nil }
            return MetadataPair(key: key, value: value)
        }
    }
}
