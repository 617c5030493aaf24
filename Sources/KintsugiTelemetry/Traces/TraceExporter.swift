import AsyncHTTPClient
import KintsugiCore
package import KintsugiEngine
package import KintsugiVocabulary
package import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// Sends spans to a collector, a batch at a time. Whatever the collector does, work goes on: what it does not take in
/// time is dropped and counted.
package final class TraceExporter: Service {
    private let settings: TraceSettings
    private let maker: SpanMaker
    private let version: String
    private let logger: Logger
    private let client: HTTPClient
    private let queue = Mutex(Queue())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    private struct Queue: Sendable {
        var spans: [Span] = []
        var dropped = 0
    }

    /// - Parameter address: Where an agent is called.
    package init(
        _ settings: TraceSettings, version: String, logger: Logger,
        address: @escaping @Sendable (AgentID) -> String?
    ) {
        self.settings = settings
        self.version = version
        self.logger = logger
        maker = SpanMaker(samples: settings.samples, address: address)
        // The deadline of a call is over once the answer begins; its body has this.
        var configuration = HTTPClient.Configuration()
        configuration.timeout.read = .milliseconds(settings.timeout)
        client = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// A recorder for the bus.
    package func record(_ observations: [Observed]) {
        let spans = observations.flatMap(maker.spans)
        guard !spans.isEmpty else { return }
        let isEnough = queue.withLock { queue in
            let room = max(0, settings.mostQueued - queue.spans.count)
            queue.spans.append(contentsOf: spans.prefix(room))
            queue.dropped += max(0, spans.count - room)
            return queue.spans.count >= settings.batchSize
        }
        if isEnough { ring.yield() }
    }

    // MARK: The service

    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.exportUntilCancelled() }
        // What is there already has one chance more.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { while await self.exportOnce(tries: 1) {} }
            group.addTask { try? await Task.sleep(for: .seconds(2)) }
            await group.next()
            group.cancelAll()
        }
        try? await client.shutdown()
    }

    /// A batch as soon as one is full, and whatever there is after the delay.
    private func exportUntilCancelled() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: .milliseconds(self.settings.delay))) != nil {
                    self.ring.yield()
                }
            }
            for await _ in bell { while await exportOnce(tries: 5) {} }
            group.cancelAll()
        }
    }

    /// Whether there was a whole batch, so that there may be more.
    private func exportOnce(tries: Int) async -> Bool {
        let (spans, dropped) = queue.withLock { queue in
            let spans = Array(queue.spans.prefix(settings.batchSize))
            queue.spans.removeFirst(spans.count)
            defer { queue.dropped = 0 }
            return (spans, queue.dropped)
        }
        if dropped > 0 {
            logger.warning("Spans were dropped: the collector is too slow", metadata: ["spans": "\(dropped)"])
        }
        guard !spans.isEmpty else { return false }
        let request = TraceRequest(
            spans: spans, resource: settings.resource.map { ($0.key, $0.value) }, version: version)
        let body = settings.encoding == .protobuf ? request.protobuf : request.json
        if await !send(body, spans.count, tries) {
            // Broken off by our shutdown: they are among those that have one chance more.
            queue.withLock { $0.spans.insert(contentsOf: spans, at: 0) }
            return false
        }
        return spans.count == settings.batchSize && !Task.isCancelled
    }

    /// False: we were cancelled before the collector had an answer.
    private func send(_ body: [UInt8], _ count: Int, _ tries: Int) async -> Bool {
        var wait: Milliseconds = 1000
        for attempt in 1...tries {
            let fault: String
            do {
                let response = try await client.execute(
                    request(body), timeout: .milliseconds(settings.timeout))
                let answer = try await response.body.collect(upTo: 1 << 16)
                if (200..<300).contains(response.status.code) {
                    check(answer)
                    return true
                }
                fault = "status \(response.status.code)"
                guard [429, 502, 503, 504].contains(response.status.code) else {
                    lost(count, fault)
                    return true
                }
                if let seconds = response.headers.first(name: "retry-after").flatMap({ Int64($0) }) {
                    wait = max(wait, min(seconds, 60) * 1000)
                }
            } catch {
                fault = "\(error)"
            }
            guard attempt < tries else {
                lost(count, fault)
                return true
            }
            if (try? await Task.sleep(for: .milliseconds(wait))) == nil { return false }
            wait = min(wait * 2, 30_000)
        }
        return true
    }

    private func request(_ body: [UInt8]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        for header in settings.headers { request.headers.add(name: header.key, value: header.value) }
        request.headers.replaceOrAdd(
            name: "content-type",
            value: settings.encoding == .protobuf ? "application/x-protobuf" : "application/json")
        request.headers.replaceOrAdd(name: "user-agent", value: "kintsugi/\(version)")
        request.body = .bytes(body)
        return request
    }

    /// A part that was refused is success all the same; it must not be sent again.
    private func check(_ answer: ByteBuffer) {
        guard answer.readableBytes > 2 else { return }
        logger.debug("The collector answered", metadata: ["answer.bytes": "\(answer.readableBytes)"])
    }

    private func lost(_ count: Int, _ fault: String) {
        logger.warning(
            "Spans were lost: the collector did not take them",
            metadata: ["spans": "\(count)", "error": "\(fault)"])
    }
}
