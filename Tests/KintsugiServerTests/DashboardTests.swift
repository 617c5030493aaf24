import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import KintsugiWire
import Testing

@testable import KintsugiServer

@Suite("The dashboard's files")
struct DashboardTests {
    @Test("The page names its files by the fingerprint, and the modules that it begins with beforehand")
    func template() {
        let files = [
            "main.js": "import {a} from './core/x.js';\nconst later = () => import('./rooms/y.js');\n",
            "core/x.js": "// from './no.js'\nimport {\n    b,\n} from '../z.js';\nexport * from './x.js';\n",
            "z.js": "",
            "rooms/y.js": "", "no.js": "",
        ]
        let page = Dashboard.render(
            Array("<a href={{prefix}}a.css><b href={{prefix}}b>{{preload}}</b>".utf8), prefix: "/assets/f/",
            read: { files[$0].map { Array($0.utf8) } })
        #expect(
            String(decoding: page, as: UTF8.self) == """
                <a href=/assets/f/a.css><b href=/assets/f/b><link rel="modulepreload" href="/assets/f/core/x.js">
                <link rel="modulepreload" href="/assets/f/main.js">
                <link rel="modulepreload" href="/assets/f/z.js"></b>
                """)
    }

    @Test("Modules are found as a browser would, and never outside the files")
    func graph() {
        #expect(ModuleGraph.resolved("./b.js", from: "a.js") == "b.js")
        #expect(ModuleGraph.resolved("../c/d.js", from: "a/b.js") == "c/d.js")
        #expect(ModuleGraph.resolved("../../d.js", from: "a/b.js") == nil)
        #expect(
            ModuleGraph.imports(of: "import './a.js';\nimport x from 'bare';\n  text from './no.js'") == [
                "./a.js"
            ])
    }

    @Test("Every address of the dashboard is its page, without a key; the others are problems")
    func pages() async throws {
        let server = try await TestServer()
        try await server.test { client in
            for path in Paths.pages {
                let path = path.replacingOccurrences(of: "{id}", with: "anything")
                let page = try await client.ask(.get, path)
                #expect(page.status == .ok)
                #expect(page.headers[.contentType] == "text/html; charset=utf-8")
                #expect(page.headers[.cacheControl] == "no-cache")
                #expect(!String(buffer: page.body).contains("{{"))
                let head = try await client.ask(.head, path)
                #expect(head.status == .ok && head.body.readableBytes == 0)
                #expect(head.headers[.eTag] == page.headers[.eTag])
                #expect(try await client.ask(.post, path).slug == "method-not-allowed")
            }
            for path in ["/nothing", "/tasks/a/b", "/index.html", "/assets", "/assets/", "/assets/x"] {
                #expect(try await client.ask(.get, path).status == .notFound)
            }
        }
    }

    @Test("Every file is served with its type; only the page is not a file")
    func files() async throws {
        let server = try await TestServer()
        try await server.test { client in
            let prefix = Paths.assets + EmbeddedAssets.fingerprint + "/"
            #expect(EmbeddedAssets.files.count > 3)
            for (path, bytes) in EmbeddedAssets.files where path != "index.html" {
                let file = try await client.ask(.get, prefix + path)
                #expect(file.status == .ok && Array(file.body.readableBytesView) == bytes)
                #expect(file.headers[.cacheControl] == "public, max-age=31536000, immutable")
                #expect(file.headers[.vary] == "Accept-Encoding")
                #expect(file.headers[.contentType] != "application/octet-stream")
                let etag = try #require(file.headers[.eTag])
                let known = try await client.ask(.get, prefix + path, headers: [.ifNoneMatch: etag])
                #expect(known.status == .notModified && known.body.readableBytes == 0)
            }
            for path in [prefix + "index.html", prefix + "nothing.js", prefix, "/assets/dev/main.js"] {
                let refused = try await client.ask(.get, path)
                #expect(refused.slug == "not-found" && refused.headers[.cacheControl] == "no-store")
            }
        }
    }

    @Test(
        "What a client takes decides the encoding",
        arguments: [
            (nil, false), ("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("*", true),
            ("*;q=0", false), ("identity", false), ("gzip; q=0, *", false), ("br", false),
        ] as [(String?, Bool)])
    func encoding(accepted: String?, isPacked: Bool) async throws {
        let server = try await TestServer()
        try await server.test { client in
            let headers: HTTPFields = accepted.map { [.acceptEncoding: $0] } ?? [:]
            let page = try await client.ask(.get, "/", headers: headers)
            #expect((page.headers[.contentEncoding] == "gzip") == isPacked)
            #expect(page.headers[.eTag]?.hasSuffix("-gz\"") == isPacked)
            #expect(
                Array(page.body.readableBytesView.prefix(2)) == (isPacked ? [0x1f, 0x8b] : Array("<!".utf8)))
        }
    }

    @Test("A path names a file inside the folder or nothing")
    func paths() throws {
        for good in ["a.js", "core/a-b_c.js", "a..b"] { #expect(AssetFolder.isPath(good)) }
        for bad in [
            "", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", ".git/config", "a/.b", "%2e%2e/a", "a%2fb",
            "a\\b", "a b", "ä", "a\0",
        ] { #expect(!AssetFolder.isPath(bad), "\(bad)") }
    }

    @Test("A folder is read anew each time, and nothing outside it can be")
    func folder() async throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let web = base.appendingPathComponent("web")
        try FileManager.default.createDirectory(
            at: web.appendingPathComponent("core"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: base) }
        @Sendable func write(_ text: String, _ path: String) throws {
            try Data(text.utf8).write(to: base.appendingPathComponent(path))
        }
        try write("{{prefix}} {{preload}}", "web/index.html")
        try write("1", "web/core/a.js")
        try write("secret", "secret.js")
        try FileManager.default.createSymbolicLink(
            at: web.appendingPathComponent("out.js"),
            withDestinationURL: base.appendingPathComponent("secret.js"))
        let server = try await TestServer(assets: web.path)
        try await server.test { client in
            let file = try await client.ask(.get, "/assets/dev/core/a.js")
            #expect(String(buffer: file.body) == "1" && file.headers[.cacheControl] == "no-store")
            try write("2", "web/core/a.js")
            try write("import './core/a.js';", "web/main.js")
            #expect(String(buffer: try await client.ask(.get, "/assets/dev/core/a.js").body) == "2")
            let page = String(buffer: try await client.ask(.get, "/agents").body)
            #expect(page.contains("/assets/dev/main.js") && page.contains("/assets/dev/core/a.js"))
            for path in [
                "../secret.js", "core/../../secret.js", "%2e%2e/secret.js", "..%2fsecret.js", "out.js",
                "core", "index.html", "",
            ] {
                #expect(try await client.ask(.get, "/assets/dev/" + path).slug == "not-found", "\(path)")
            }
        }
    }
}
