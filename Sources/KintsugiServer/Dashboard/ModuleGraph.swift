/// Which modules a script needs before it can run: what its static imports lead to.
///
/// The page names them all at once; else a browser finds them one after another. Rooms that are imported when they
/// are entered are not among them.
enum ModuleGraph {
    /// The modules that `root` leads to, itself included, in the order of their paths.
    static func modules(from root: String, read: (String) -> [UInt8]?) -> [String] {
        var found: Set<String> = []
        var waiting = [root]
        while let path = waiting.popLast() {
            guard !found.contains(path), let bytes = read(path) else { continue }
            found.insert(path)
            waiting += imports(of: String(decoding: bytes, as: UTF8.self)).compactMap {
                resolved($0, from: path)
            }
        }
        return found.sorted()
    }

    /// What stands behind `from` and behind `import`, without a call: the forms that our own modules have.
    static func imports(of script: String) -> [Substring] {
        script.split(separator: "\n").compactMap { line in
            guard let mark = line.firstRange(of: "from '") ?? line.firstRange(of: "import '"),
                line.hasPrefix("import ") || line.hasPrefix("export ") || line.hasPrefix("} from ")
            else { return nil }
            let path = line[mark.upperBound...].prefix { $0 != "'" }
            return path.hasPrefix(".") ? path : nil
        }
    }

    /// A relative path as seen from a module's folder; nil if it leads out of the files.
    static func resolved(_ path: Substring, from module: String) -> String? {
        var parts = module.split(separator: "/").dropLast()
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
