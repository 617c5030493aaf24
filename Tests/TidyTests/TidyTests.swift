import Foundation
import Testing

/// Polices the tree: arrows, banned calls, sizes.
@Suite("The house is tidy")
struct TidyTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Source: Sendable {
        let target: String
        let path: String
        let lines: [String]
    }

    static let sources: [Source] = {
        let folder = root.appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }.compactMap { url in
            let path = url.path.replacingOccurrences(of: folder.path + "/", with: "")
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            return Source(
                target: String(path.prefix { $0 != "/" }), path: path,
                lines: text.components(separatedBy: "\n"))
        }
    }()

    @Test("There is something to police, and every target is in the table")
    func isNotVacuous() {
        #expect(Self.sources.count > 50)
        #expect(Set(Self.sources.map(\.target)).isSubset(of: Set(Architecture.imports.keys)))
    }

    @Test("Every folder of tests is a target, so that none is skipped in silence")
    func testsAreRun() throws {
        let manifest = try String(
            contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appendingPathComponent("Tests").path)
        for folder in folders where folder.hasSuffix("Tests") {
            #expect(manifest.contains("\"\(folder)\""), "Tests/\(folder) is not a target")
        }
        #expect(folders.count { $0.hasSuffix("Tests") } >= 6)
    }

    @Test("Every import was decided on", arguments: Architecture.imports.keys.sorted())
    func imports(target: String) throws {
        let allowed = try #require(Architecture.imports[target])
        for source in Self.sources where source.target == target {
            for line in source.lines {
                let words = line.trimmingCharacters(in: .whitespaces).split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at <= 2, words.indices.contains(at + 1),
                    words[..<at].allSatisfy({
                        ["package", "public", "internal", "private", "@testable"].contains($0)
                    })
                else { continue }
                #expect(allowed.contains(String(words[at + 1])), "\(source.path) imports \(words[at + 1])")
            }
        }
    }

    @Test("A folder of the core uses only folders below it")
    func coreArrows() throws {
        let declaration = try NSRegularExpression(
            pattern:
                #"^(?:package |public |indirect |final )*(?:struct|enum|class|protocol|typealias) ([A-Z]\w*)"#
        )
        let core = Self.sources.filter { $0.target == "KintsugiCore" }
        var home: [String: String] = [:]
        for source in core {
            let folder = source.path.split(separator: "/")[1]
            #expect(
                Architecture.coreFolders.contains(String(folder)),
                "\(source.path) is in a folder without a place")
            for line in source.lines {
                let range = NSRange(line.startIndex..., in: line)
                if let match = declaration.firstMatch(in: line, range: range),
                    let name = Range(match.range(at: 1), in: line)
                {
                    home[String(line[name])] = String(folder)
                }
            }
        }
        #expect(home.count > 30)
        let word = try NSRegularExpression(pattern: #"\b[A-Z]\w*\b"#)
        for source in core {
            let folder = String(source.path.split(separator: "/")[1])
            let rank = Architecture.coreFolders.firstIndex(of: folder) ?? 0
            for line in source.lines {
                let code = line.components(separatedBy: "//")[0]
                for match in word.matches(in: code, range: NSRange(code.startIndex..., in: code)) {
                    guard let range = Range(match.range, in: code), let owner = home[String(code[range])],
                        let place = Architecture.coreFolders.firstIndex(of: owner)
                    else { continue }
                    #expect(place <= rank, "\(source.path) uses \(code[range]) of \(owner)")
                }
            }
        }
    }

    @Test("Nothing banned is called")
    func banned() throws {
        for rule in Architecture.banned {
            let pattern = try NSRegularExpression(pattern: rule.pattern)
            for source in Self.sources where !rule.exempt.contains(source.target) {
                for (number, line) in source.lines.enumerated() {
                    let code = line.components(separatedBy: "//")[0]
                    let found =
                        pattern.firstMatch(in: code, range: NSRange(code.startIndex..., in: code)) != nil
                    #expect(!found, "\(source.path):\(number + 1): use \(rule.instead)")
                }
            }
        }
    }

    @Test("Every unchecked Sendable names what guards it")
    func unchecked() {
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() where line.contains("@unchecked Sendable") {
                guard !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") else { continue }
                let above = source.lines[max(0, number - 8)..<number].joined()
                #expect(
                    above.contains("@unchecked Sendable"),
                    "\(source.path):\(number + 1) does not say why it is safe")
            }
        }
    }

    @Test("The list of the dashboard's files names every file of the folder and no other")
    func assets() throws {
        let folder = Self.root.appendingPathComponent("Sources/CDashboard")
        let found = FileManager.default.enumerator(
            at: folder.appendingPathComponent("web"), includingPropertiesForKeys: [.isRegularFileKey])
        let files = (found?.allObjects as? [URL] ?? []).filter { url in
            (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
        }
        let paths = files.map { String($0.path.dropFirst(folder.path.count + 1)) }.filter { path in
            path != "web/openapi.json" && !path.split(separator: "/").contains { $0.first == "." }
        }
        let list = try String(contentsOf: folder.appendingPathComponent("assets.h"), encoding: .utf8)
        let listed = list.split(separator: "\n").filter { $0.hasPrefix("#define") }.map {
            String($0.split(separator: "\"")[1])
        }
        #expect(listed.contains("web/index.html"))
        #expect(
            listed == paths.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) },
            "run scripts/list-assets")
    }

    @Test("Files are short enough to read")
    func sizes() {
        for source in Self.sources {
            #expect(source.lines.count <= 450, "\(source.path) has \(source.lines.count) lines")
        }
    }

    @Test("Links between the documents lead somewhere")
    func links() throws {
        let link = try NSRegularExpression(pattern: #"\]\((?!https?:|#|mailto:)([^)#]+)"#)
        var count = 0
        let documents = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(Self.root.appendingPathComponent)
        let docs = FileManager.default.enumerator(
            at: Self.root.appendingPathComponent("docs"), includingPropertiesForKeys: nil)
        let more = (docs?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "md" }
        for document in documents + more {
            let text = try String(contentsOf: document, encoding: .utf8)
            for match in link.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
                guard let range = Range(match.range(at: 1), in: text) else { continue }
                count += 1
                let target = document.deletingLastPathComponent().appendingPathComponent(String(text[range]))
                #expect(
                    FileManager.default.fileExists(atPath: target.path),
                    "\(document.lastPathComponent): \(text[range])")
            }
        }
        #expect(count > 3)
    }
}
