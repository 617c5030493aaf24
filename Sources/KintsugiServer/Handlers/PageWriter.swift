import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Writes pages of lists; a page ends early when it grows too large.
enum PageWriter {
    static let maxBytes = 4 << 20

    static func page<Element>(
        _ page: Page<Element>, number: (Element) -> Int64, _ resource: (Element) -> some Resource
    ) -> [UInt8] {
        var json = JSONWriter(reserving: 4096)
        var next = page.next?.before
        json.object { json in
            json.key("data")
            json.array { json in
                for (index, element) in page.elements.enumerated() {
                    resource(element).write(to: &json)
                    guard json.bytes.count > maxBytes, index + 1 < page.elements.count else { continue }
                    next = number(element)
                    break
                }
            }
            json.member("next_cursor", next.map { Query.cursorText(String($0)) })
        }
        return json.bytes
    }

    /// A page of a list that is in memory, in the order of its keys; stable under inserts.
    static func page<Element, Shown: Resource>(
        of all: [Element], by key: (Element) -> (Int64, String), _ query: inout Query,
        parameters: [String] = [], _ resource: (Element) -> Shown
    ) throws(Problem) -> ListResource<Shown> {
        let limit = query.limit()
        var after: (Int64, String)?
        if let text = query.cursor() {
            let parts = text.split(separator: ":", maxSplits: 1)
            if parts.count == 2, let order = Int64(parts[0]) {
                after = (order, String(parts[1]))
            } else {
                query.add("cursor", "must be the next_cursor of the page before")
            }
        }
        try query.check(["limit", "cursor"] + parameters)
        let rest = all.filter { element in after.map { key(element) > $0 } ?? true }.sorted {
            key($0) < key($1)
        }
        let shown = rest.prefix(limit)
        let next = rest.count > limit ? shown.last.map(key).map { "\($0.0):\($0.1)" } : nil
        return ListResource(data: shown.map(resource), nextCursor: next.map(Query.cursorText))
    }
}
