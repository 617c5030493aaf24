package import KintsugiVocabulary

/// An error as RFC 9457 wants it. `retryable` and `errors` are there only where they apply.
public struct ProblemResource: Resource {
    public var slug: String
    public var title: String
    public var status: Int
    public var detail: String
    public var instance: String
    public var requestID: String
    public var isRetryable: Bool?
    public var errors: [FieldFault]

    package init(
        slug: String, title: String, status: Int, detail: String, instance: String, requestID: String,
        isRetryable: Bool?, errors: [FieldFault]
    ) {
        self.slug = slug
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.requestID = requestID
        self.isRetryable = isRetryable
        self.errors = errors
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "/problems/" + slug)
            json.member("title", title)
            json.member("status", status)
            json.member("detail", detail)
            json.member("instance", instance)
            json.member("request_id", requestID)
            if let isRetryable { json.member("retryable", isRetryable) }
            if !errors.isEmpty { json.member("errors", resources: errors) }
        }
    }
}

/// One fault of a request.
public struct FieldFault: Resource, Hashable {
    public enum Place: Sendable, Hashable {
        /// A JSON pointer into the body.
        case pointer(String)
        /// A query parameter or header.
        case parameter(String)
    }

    public var place: Place
    public var detail: String

    package init(_ place: Place, _ detail: String) {
        self.place = place
        self.detail = detail
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            switch place {
            case .pointer(let pointer): json.member("pointer", pointer)
            case .parameter(let name): json.member("parameter", name)
            }
            json.member("detail", detail)
        }
    }
}
