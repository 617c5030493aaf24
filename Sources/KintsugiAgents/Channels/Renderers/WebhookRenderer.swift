internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary

/// A signed webhook: the alert's resource as it is, told by Standard Webhooks.
///
/// - Source: Standard Webhooks specification 1.0.0, "Payload structure" and "Webhook headers": the id stays
///   the same at every attempt, the timestamp in the header is that of the attempt.
enum WebhookRenderer {
    static func post(_ delivery: Delivery, url: String) -> Outgoing.HTTPPost {
        let body = body(delivery)
        let seconds = delivery.now.milliseconds / 1000
        let id = "\(delivery.taskID)"
        let secrets = delivery.channel.secrets.filter { $0.until.map { $0 > delivery.now } ?? true }
        var headers = [
            (name: "webhook-id", value: id), (name: "webhook-timestamp", value: "\(seconds)"),
            (name: "idempotency-key", value: id),
        ]
        if let signature = Signature.header(
            id: id, seconds: seconds, body: body, secrets: secrets.map(\.value))
        {
            headers.append((name: "webhook-signature", value: signature))
        }
        return Outgoing.HTTPPost(url: url, headers: headers, body: body)
    }

    static func body(_ delivery: Delivery) -> [UInt8] {
        let payload = delivery.payload
        return JSONWriter.object(reserving: 256 + payload.alert.document.bytes.count) { json in
            json.member("type", payload.event.rawValue)
            json.member("timestamp", delivery.createdAt.rfc3339)
            if payload.event == .digest {
                json.member("data") { json in
                    json.member("count", payload.alertCount)
                    json.member("alerts", array: payload.alerts) { $0.json($1.document.bytes) }
                }
            } else {
                json.member("data", json: payload.alert.document)
            }
        }
    }
}
