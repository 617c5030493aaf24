import HTTPTypes
import KintsugiStore
import KintsugiVocabulary
import Testing

@testable import KintsugiServer

/// The document is hand-written: these tests keep it and the server from drifting apart.
@Suite("The OpenAPI document and the server say the same")
struct ContractTests {
    private static let methods = ["get", "post", "put", "patch", "delete"]

    /// Each operation of the document with who may, in the words of `access(of:)`.
    private func documented() throws -> [String: String] {
        let paths = try #require(OpenAPIDocument.root?["paths"]?.object)
        var operations: [String: String] = [:]
        for (path, item) in paths {
            for (method, operation) in item.object ?? [] where Self.methods.contains(method) {
                let schemes = (operation["security"]?.array ?? []).flatMap { ($0.object ?? []).map(\.name) }
                let access = schemes == ["apiKey"] ? operation["x-required-role"]?.string : schemes.first
                operations["\(method.uppercased()) \(path)"] = access ?? "everyone"
            }
        }
        return operations
    }

    private func access(of route: Route) -> String {
        switch route.access {
        case .everyone: "everyone"
        case .atLeast(let role), .local(let role): role.rawValue
        case .attemptToken: "attemptToken"
        }
    }

    @Test("Every route is documented, every documented operation is routed, and the same may")
    func routes() throws {
        var routed: [String: String] = [:]
        for route in Routes.all {
            let name = "\(route.method.rawValue) \(route.path)"
            #expect(routed[name] == nil, "\(name) is there twice")
            routed[name] = access(of: route)
        }
        #expect(routed.count > 30)
        #expect(try documented() == routed)
    }

    @Test("Every kind of problem has the documented status and title")
    func problems() throws {
        let documented = try #require(OpenAPIDocument.root?["x-problem-types"]?.object)
        #expect(Set(documented.map(\.name)) == Set(ProblemType.allCases.map(\.rawValue)))
        for type in ProblemType.allCases {
            let page = try #require(ProblemPages.explanation(of: type.rawValue))
            #expect(page.status == type.status)
            #expect(page.title == type.title)
            #expect(ProblemPages.html(of: type.rawValue) != nil)
        }
    }

    @Test("Every type of event has the documented severity")
    func events() throws {
        let documented = try #require(OpenAPIDocument.root?["x-event-types"])
        for type in EventType.allCases where type != .alertRaised {
            #expect(documented[type.rawValue]?["severity"]?.string == type.severity.rawValue)
        }
    }

    @Test("The audit log's kinds and types are the documented ones")
    func audit() throws {
        let schemas = try #require(OpenAPIDocument.root?["components"]?["schemas"])
        let entry = try #require(schemas["AuditEntry"]?["properties"])
        func words(_ name: String) -> [String]? { entry[name]?["enum"]?.array?.compactMap(\.string) }
        #expect(words("kind") == RecordKind.allCases.map(\.rawValue))
        #expect(words("type") == RecordEventType.allCases.map(\.rawValue))
        let one = RecordKind.allCases.map(\.rawValue).joined(separator: "|")
        let parameters = OpenAPIDocument.root?["paths"]?["/api/v1/audit"]?["get"]?["parameters"]?.array
        #expect(parameters?.first?["schema"]?["pattern"]?.string == "^(\(one))(,(\(one)))*$")
    }

    @Test("A path names its methods, and a literal goes before a capture")
    func pathMethods() {
        let paths = PathMethods(Routes.all)
        #expect(Set(paths.methods(of: "/api/v1/tasks").map(\.rawValue)) == ["GET", "POST"])
        #expect(paths.methods(of: "/api/v1/tasks/batch").map(\.rawValue) == ["POST"])
        #expect(paths.methods(of: "/api/v1/tasks/xyz").map(\.rawValue) == ["GET"])
        #expect(paths.methods(of: "/api/v1/tasks/monitoring/health").map(\.rawValue) == ["GET"])
        #expect(paths.methods(of: "/api/v2/tasks").isEmpty)
    }
}
