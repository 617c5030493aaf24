internal import KintsugiVocabulary

/// A message for a Slack incoming webhook, in blocks, with a text for where blocks are not shown.
///
/// - Source: Slack, "Block Kit reference" (header 150, section 3000, field 2000, button 75 characters, 10
///   fields) and "Formatting text for app surfaces" (escape `&`, `<` and `>`).
enum SlackRenderer {
    static func body(_ delivery: Delivery) -> [UInt8] {
        let story = delivery.story
        let mark = mark(delivery.payload)
        return JSONWriter.object(reserving: 2048) { json in
            json.member("text", escaped("\(mark) \(story.title)", atMost: 3000))
            json.member("unfurl_links", false)
            json.key("blocks")
            json.array { json in
                json.object { json in
                    json.member("type", "header")
                    json.member("text") { plain(&$0, "\(mark) \(story.title)", atMost: 150) }
                }
                section(&json, story)
                if let error = story.lastError {
                    json.object { json in
                        json.member("type", "section")
                        json.member("text") { plain(&$0, "Last error: \(error)", atMost: 3000) }
                    }
                }
                if let advice = story.advice { note(&json, advice) }
                if !story.links.isEmpty { actions(&json, story.links) }
            }
        }
    }

    /// Severity is a word in the title; the sign only helps the eye.
    private static func mark(_ payload: DeliveryPayload) -> String {
        switch payload.event {
        case .resolved: return "✅"
        case .test: return "🧪"
        case .digest: return "🗞️"
        case .raised: break
        }
        return switch payload.alert.severity {
        case .critical: "🔴"
        case .high: "🟠"
        case .medium: "🟡"
        }
    }

    private static func section(_ json: inout JSONWriter, _ story: AlertStory) {
        guard !story.explanation.isEmpty || !story.facts.isEmpty else { return }
        json.object { json in
            json.member("type", "section")
            if !story.explanation.isEmpty {
                json.member("text") { plain(&$0, story.explanation, atMost: 3000) }
            }
            guard !story.facts.isEmpty else { return }
            json.member("fields", array: Array(story.facts.prefix(10))) { json, fact in
                json.object { json in
                    json.member("type", "mrkdwn")
                    json.member("text", "*\(fact.name)*\n\(escaped(fact.value, atMost: 1900))")
                    json.member("verbatim", true)
                }
            }
        }
    }

    private static func note(_ json: inout JSONWriter, _ text: String) {
        json.object { json in
            json.member("type", "context")
            json.key("elements")
            json.array { $0.object { plain(&$0, text, atMost: 2000) } }
        }
    }

    private static func actions(_ json: inout JSONWriter, _ links: [AlertStory.Link]) {
        json.object { json in
            json.member("type", "actions")
            json.member("elements", array: Array(links.prefix(5))) { json, link in
                json.object { json in
                    json.member("type", "button")
                    json.member("text") { plain(&$0, link.text, atMost: 75) }
                    json.member("url", link.url)
                }
            }
        }
    }

    private static func plain(_ json: inout JSONWriter, _ text: String, atMost limit: Int) {
        json.member("type", "plain_text")
        json.member("text", escaped(text, atMost: limit))
        json.member("emoji", false)
    }

    /// Escaped, then no longer than that: an entity is never cut in two.
    static func escaped(_ text: String, atMost limit: Int) -> String {
        var escaped = ""
        var length = 0
        for character in text {
            let piece =
                switch character {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                default: String(character)
                }
            length += piece.utf16.count
            // One is kept for the mark that something is missing.
            guard length < limit else { return escaped + "…" }
            escaped += piece
        }
        return escaped
    }
}
