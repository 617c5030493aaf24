import KintsugiVocabulary

/// The pages that a problem's `type` points to, made from the document's own list.
enum ProblemPages {
    static func explanation(of slug: String) -> (status: Int, title: String, text: String)? {
        guard let page = OpenAPIDocument.root?["x-problem-types"]?[slug], let status = page["status"]?.int,
            let title = page["title"]?.string, let text = page["description"]?.string
        else { return nil }
        return (Int(clamping: status), title, text)
    }

    static func html(of slug: String) -> String? {
        guard let (status, title, text) = explanation(of: slug) else { return nil }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(escaped(title)) – Kintsugi</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"></head>
            <body><main><h1>\(escaped(title))</h1><p>HTTP status \(status)</p><p>\(escaped(text))</p></main></body></html>

            """
    }

    static func json(of slug: String) -> [UInt8]? {
        guard let (status, title, text) = explanation(of: slug) else { return nil }
        return JSONWriter.object { json in
            json.member("type", "/problems/" + slug)
            json.member("title", title)
            json.member("status", status)
            json.member("description", text)
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
