package import KintsugiCore

/// How traces are exported, from the variables that OpenTelemetry gives names and meanings to.
/// - Source: OpenTelemetry, "Environment Variable Specification" and "OTLP Exporter Configuration".
package struct TraceSettings: Sendable, Hashable {
    package enum Encoding: String, Sendable, Hashable, CaseIterable {
        case protobuf = "http/protobuf"
        case json = "http/json"
    }

    package var url: String
    package var headers: [MetadataPair] = []
    package var encoding = Encoding.protobuf
    package var timeout: Milliseconds = 10_000
    package var mostQueued = 2048
    package var batchSize = 512
    package var delay: Milliseconds = 5000
    package var resource: [MetadataPair] = []
    /// So many traces are kept, from 0 to 1.
    package var ratio = 1.0
    /// Whether that is only for traces that nobody began before us; the others are kept as their submitter says.
    package var followsParent = true

    package struct Fault: Error, Sendable, Hashable {
        package var variable: String
        package var value: String
        package var rule: String
    }

    /// Nil: traces are not exported, because no endpoint is given or they are switched off.
    ///
    /// - Parameter name: What this process is called unless the variables say so.
    package init?(_ environment: [String: String], name: String, version: String, node: String) throws(Fault)
    {
        func value(_ variable: String) -> String? {
            let text = environment[variable] ?? ""
            return text.isEmpty ? nil : text
        }
        /// That of traces before that of all signals.
        func either(_ name: String) -> (variable: String, value: String)? {
            for variable in ["OTEL_EXPORTER_OTLP_TRACES_\(name)", "OTEL_EXPORTER_OTLP_\(name)"] {
                if let value = value(variable) { return (variable, value) }
            }
            return nil
        }
        let exporter = value("OTEL_TRACES_EXPORTER")
        if value("OTEL_SDK_DISABLED")?.lowercased() == "true" || exporter == "none" { return nil }
        if let exporter, exporter != "otlp" {
            throw Fault(variable: "OTEL_TRACES_EXPORTER", value: exporter, rule: "must be otlp or none")
        }
        if let url = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            self.url = url
        } else if let base = value("OTEL_EXPORTER_OTLP_ENDPOINT") {
            url = base + (base.hasSuffix("/") ? "" : "/") + "v1/traces"
        } else if exporter == "otlp" {
            url = "http://localhost:4318/v1/traces"
        } else {
            return nil
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw Fault(
                variable: either("ENDPOINT")?.variable ?? "", value: url, rule: "must be an http or https URL"
            )
        }
        if let (variable, text) = either("PROTOCOL") {
            guard let encoding = Encoding(rawValue: text) else {
                throw Fault(variable: variable, value: text, rule: "must be http/protobuf or http/json")
            }
            self.encoding = encoding
        }
        if let (variable, text) = either("HEADERS") { headers = try Self.pairs(text, variable) }
        func number(_ found: (variable: String, value: String)?, _ standard: Int64) throws(Fault) -> Int64 {
            guard let found else { return standard }
            guard let number = Int64(found.value), number > 0, number <= 1_000_000 else {
                throw Fault(
                    variable: found.variable, value: found.value,
                    rule: "must be a whole number from 1 to 1000000")
            }
            return number
        }
        func own(_ variable: String) -> (String, String)? { value(variable).map { (variable, $0) } }
        timeout = try number(either("TIMEOUT"), timeout)
        mostQueued = Int(try number(own("OTEL_BSP_MAX_QUEUE_SIZE"), Int64(mostQueued)))
        batchSize = Int(try number(own("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), Int64(batchSize)))
        delay = try number(own("OTEL_BSP_SCHEDULE_DELAY"), delay)
        if let text = value("OTEL_RESOURCE_ATTRIBUTES") {
            resource = try Self.pairs(text, "OTEL_RESOURCE_ATTRIBUTES")
        }
        func describe(_ key: String, _ value: String, replacing: Bool) {
            if replacing { resource.removeAll { $0.key == key } }
            if !resource.contains(where: { $0.key == key }) {
                resource.append(MetadataPair(key: key, value: value))
            }
        }
        if let given = value("OTEL_SERVICE_NAME") { describe("service.name", given, replacing: true) }
        describe("service.name", name, replacing: false)
        describe("service.version", version, replacing: false)
        describe("service.instance.id", node, replacing: false)
        let sampler = value("OTEL_TRACES_SAMPLER")
        ratio = try Self.ratio(sampler, value("OTEL_TRACES_SAMPLER_ARG"))
        followsParent = sampler?.hasPrefix("parentbased_") ?? true
    }

    /// Whether a trace is kept, by the last half of its id.
    ///
    /// - Parameter parent: What its submitter says; nil: it begins here.
    /// - Source: OpenTelemetry, "TraceState: probability sampling": the last 56 bits against a threshold.
    package func samples(_ traceLow: UInt64, _ parent: Bool?) -> Bool {
        if followsParent, let parent { return parent }
        return Double(traceLow & 0xff_ffff_ffff_ffff) >= (1 - ratio) * 0x1p56
    }

    private static func ratio(_ sampler: String?, _ argument: String?) throws(Fault) -> Double {
        switch sampler {
        case nil, "parentbased_always_on", "always_on": return 1
        case "parentbased_always_off", "always_off": return 0
        case "parentbased_traceidratio", "traceidratio":
            guard let argument else { return 1 }
            guard let ratio = Double(argument), (0...1).contains(ratio) else {
                throw Fault(
                    variable: "OTEL_TRACES_SAMPLER_ARG", value: argument, rule: "must be a number from 0 to 1"
                )
            }
            return ratio
        case let other?:
            throw Fault(
                variable: "OTEL_TRACES_SAMPLER", value: other,
                rule: "must be always_on, always_off or traceidratio, with parentbased_ before it or not")
        }
    }

    /// `key=value,key=value`, percent-encoded as in W3C Baggage.
    private static func pairs(_ text: String, _ variable: String) throws(Fault) -> [MetadataPair] {
        var pairs: [MetadataPair] = []
        for item in text.split(separator: ",") {
            let parts = item.split(separator: "=", maxSplits: 1).map { part in
                part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            }
            guard parts.count == 2, let value = decoded(String(parts[1])) else {
                // Headers hold credentials, which stand in no message.
                let shown = variable.hasSuffix("HEADERS") ? "…" : String(item)
                throw Fault(variable: variable, value: shown, rule: "must be pairs like key=value")
            }
            pairs.append(MetadataPair(key: String(parts[0]), value: value))
        }
        return pairs
    }

    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
