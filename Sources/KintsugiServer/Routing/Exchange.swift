import HTTPTypes
import Hummingbird
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// What all handlers share.
final class Site: Sendable {
    let engine: Engine
    let keys: KeyRing
    let live: LiveTopics
    let alerts: AlertDispatcher
    let configuration: ServerConfiguration
    let gate = IdempotencyGate()
    let dashboard: Dashboard

    init(
        engine: Engine, keys: KeyRing, live: LiveTopics, alerts: AlertDispatcher,
        configuration: ServerConfiguration
    ) {
        self.engine = engine
        self.keys = keys
        self.live = live
        self.alerts = alerts
        self.configuration = configuration
        dashboard = Dashboard(folder: configuration.assetFolder)
    }
}

/// One request on its way through a handler.
struct Exchange: Sendable {
    let site: Site
    let request: Request
    let parameters: Parameters
    let caller: Caller
    /// The address of the other end.
    let peer: String
    let now: Timestamp

    var engine: Engine { site.engine }
    var query: Query { Query(request.uri.query) }

    /// Refuses any query parameter.
    func checkNoQuery() throws(Problem) {
        guard request.uri.query != nil else { return }
        var query = query
        try query.check([])
    }

    /// The capture of the path; a text that cannot be what it names is 404.
    func parameter(_ name: String) throws(Problem) -> String {
        guard let text = parameters.get(name) else { throw .notFound }
        return text
    }

    func taskID() throws(Problem) -> TaskID {
        guard let id = TaskID(try parameter("id")) else { throw .notFound }
        return id
    }

    func deadLetterID() throws(Problem) -> DeadLetterID {
        guard let id = DeadLetterID(try parameter("id")) else { throw .notFound }
        return id
    }

    func agentID() throws(Problem) -> AgentID {
        let text = try parameter("id")
        guard TextRule.isSlug(text) else { throw .notFound }
        return AgentID(text)
    }

    func header(_ name: HTTPField.Name) -> String? { request.headers[name] }
}

/// What a handler answers.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: [UInt8]
    /// A body that is written as things happen, in place of `body`.
    var stream: EventStream?

    init(_ status: HTTPResponse.Status, _ resource: some Resource, headers: HTTPFields = [:]) {
        self.init(status, json: resource.json, headers: headers)
    }

    init(_ status: HTTPResponse.Status, json body: [UInt8], headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
        self.headers[.contentType] = "application/json"
        self.body = body
    }

    /// With a body of any kind; the type stands in the headers.
    init(_ status: HTTPResponse.Status, bytes: [UInt8], headers: HTTPFields) {
        self.status = status
        self.headers = headers
        body = bytes
        stream = nil
    }

    /// Without a body, or with one that is written as things happen.
    init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], stream: EventStream? = nil) {
        self.status = status
        self.headers = headers
        self.stream = stream
        body = []
    }

    var response: Response { Response(status: status, headers: headers, body: responseBody) }

    private var responseBody: ResponseBody {
        if let stream { return ResponseBody { writer in try await stream.write(to: writer) } }
        return body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body))
    }
}
