import KintsugiCore
import KintsugiVocabulary

/// Spans on their way to a collector.
/// - Source: OTLP 1.7, `opentelemetry/proto/collector/trace/v1/trace_service.proto` and what it imports.
struct TraceRequest {
    let spans: [Span]
    /// What this process is, as `service.name`.
    let resource: [(key: String, value: String)]
    let version: String

    // MARK: Protocol buffers

    var protobuf: [UInt8] {
        var request = Protobuf()
        request.message(1) { resourceSpans in
            resourceSpans.message(1) { resource in
                for (key, value) in self.resource { Self.attribute(1, key, .text(value), &resource) }
            }
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(1) { scope in
                    scope.text(1, "kintsugi")
                    scope.text(2, version)
                }
                for span in spans { scopeSpans.message(2) { Self.write(span, &$0) } }
            }
        }
        return request.bytes
    }

    private static func write(_ span: Span, _ to: inout Protobuf) {
        to.data(1, traceID(span.context))
        to.data(2, bytes(span.context.spanID))
        if let parent = span.parent { to.data(4, bytes(parent)) }
        to.text(5, span.name)
        to.varint(6, UInt64(span.kind.rawValue))
        to.fixed64(7, nanoseconds(span.start))
        to.fixed64(8, nanoseconds(span.end))
        for (key, value) in span.attributes { attribute(9, key, value, &to) }
        for link in span.links {
            to.message(13) { message in
                message.data(1, traceID(link))
                message.data(2, bytes(link.spanID))
            }
        }
        guard let error = span.error else { return }
        to.message(15) { status in
            status.text(2, error)
            status.varint(3, 2)
        }
    }

    private static func attribute(_ field: Int, _ key: String, _ value: Span.Value, _ to: inout Protobuf) {
        to.message(field) { pair in
            pair.text(1, key)
            pair.message(2) { any in
                switch value {
                case .text(let text): any.text(1, text)
                case .number(let number): any.varint(3, UInt64(bitPattern: number))
                }
            }
        }
    }

    private static func nanoseconds(_ time: Timestamp) -> UInt64 {
        UInt64(max(0, time.milliseconds)) * 1_000_000
    }

    private static func traceID(_ context: SpanContext) -> [UInt8] {
        bytes(context.traceHigh) + bytes(context.traceLow)
    }

    private static func bytes(_ half: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
    }

    // MARK: JSON

    /// Ids are hexadecimal, 64-bit numbers are texts.
    var json: [UInt8] {
        JSONWriter.object { json in
            json.key("resourceSpans")
            json.array(of: [()]) { json, _ in
                json.object { json in
                    json.member("resource") { json in
                        Self.attributes(resource.map { ($0.key, .text($0.value)) }, &json)
                    }
                    json.key("scopeSpans")
                    json.array(of: [()]) { json, _ in
                        json.object { json in
                            json.member("scope") { json in
                                json.member("name", "kintsugi")
                                json.member("version", version)
                            }
                            json.key("spans")
                            json.array(of: spans) { json, span in Self.write(span, &json) }
                        }
                    }
                }
            }
        }
    }

    private static func write(_ span: Span, _ json: inout JSONWriter) {
        json.object { json in
            json.member("traceId", span.context.traceID)
            json.member("spanId", SpanContext.text(span.context.spanID))
            json.optional("parentSpanId", span.parent.map(SpanContext.text))
            json.member("name", span.name)
            json.member("kind", span.kind.rawValue)
            json.member("startTimeUnixNano", "\(nanoseconds(span.start))")
            json.member("endTimeUnixNano", "\(nanoseconds(span.end))")
            attributes(span.attributes, &json)
            json.key("links")
            json.array(of: span.links) { json, link in
                json.object { json in
                    json.member("traceId", link.traceID)
                    json.member("spanId", SpanContext.text(link.spanID))
                }
            }
            guard let error = span.error else { return }
            json.member("status") { json in
                json.member("message", error)
                json.member("code", 2)
            }
        }
    }

    private static func attributes(_ pairs: [(key: String, value: Span.Value)], _ json: inout JSONWriter) {
        json.key("attributes")
        json.array(of: pairs) { json, pair in
            json.object { json in
                json.member("key", pair.key)
                json.member("value") { json in
                    switch pair.value {
                    case .text(let text): json.member("stringValue", text)
                    case .number(let number): json.member("intValue", "\(number)")
                    }
                }
            }
        }
    }
}
