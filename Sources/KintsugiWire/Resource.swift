package import KintsugiVocabulary

/// The shape of an answer: writes itself as JSON, members without a value as null.
///
/// Times are texts in RFC 3339, spans are milliseconds.
package protocol Resource: Sendable {
    func write(to json: inout JSONWriter)
}

extension Resource {
    package var json: [UInt8] {
        var json = JSONWriter(reserving: 1024)
        write(to: &json)
        return json.bytes
    }
}

extension JSONWriter {
    package mutating func member(_ name: StaticString, resource: (some Resource)?) {
        key(name)
        if let resource { resource.write(to: &self) } else { null() }
    }

    package mutating func member(_ name: StaticString, resources: [some Resource]) {
        member(name, array: resources) { $1.write(to: &$0) }
    }

    package mutating func member(_ name: StaticString, texts: [String]) {
        member(name, array: texts) { $0.string($1) }
    }

    package mutating func member(_ name: StaticString, money: [Money]) {
        member(name, array: money) { json, sum in
            json.object {
                $0.member("amount", sum.amount)
                $0.member("currency", sum.currency)
            }
        }
    }
}

/// One page of a list.
public struct ListResource<Item: Sendable>: Sendable {
    public var data: [Item]
    /// Ask with it for the next page; nil on the last.
    public var nextCursor: String?

    package init(data: [Item], nextCursor: String?) {
        self.data = data
        self.nextCursor = nextCursor
    }
}

extension ListResource: Resource where Item: Resource {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("data", resources: data)
            $0.member("next_cursor", nextCursor)
        }
    }
}

/// `{"status": "ok"}` and the like.
public struct StatusResource: Resource {
    public var status: String

    package init(status: String) { self.status = status }

    package func write(to json: inout JSONWriter) { json.object { $0.member("status", status) } }
}
