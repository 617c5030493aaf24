package import KintsugiEngine
public import KintsugiVocabulary

/// Tells of everything worth measuring as it happens; `docs/telemetry.md` lists every event.
///
/// Events come off the hot path and in order, after what they tell of is durable. Nothing is done while nobody
/// listens; who is too slow makes events be dropped, which is told as `telemetry.dropped`, and never slows work down.
public struct Telemetry: Sendable {
    private let bus: TelemetryBus

    package init(_ engine: Engine) { bus = engine.telemetry }

    /// Has every event whose path begins so told to the handler, one after the other.
    ///
    /// ```swift
    /// telemetry.attach("billing", prefix: ["agrenting", "task", "completed"]) { event in
    ///     bill(event.metadata["task_id"], seconds: (event.measurements["duration_ms"] ?? 0) / 1000)
    /// }
    /// ```
    /// - Parameters:
    ///   - id: Names the handler; an older one with the same id is replaced.
    ///   - handler: Should be quick: all handlers are called by one task. One that throws is detached and logged once.
    public func attach(
        _ id: String, prefix: [String] = [], _ handler: @escaping @Sendable (TelemetryEvent) throws -> Void
    ) {
        bus.attach(id, prefix: prefix, handler)
    }

    /// Whether there was such a handler.
    @discardableResult
    public func detach(_ id: String) -> Bool { bus.detach(id) }

    /// Events whose path begins so, from now on, until nobody iterates any more.
    ///
    /// - Parameter buffer: So many wait for a slow reader; then the oldest are dropped.
    public func events(prefix: [String] = [], buffer: Int = 1024) -> AsyncStream<TelemetryEvent> {
        bus.events(prefix: prefix, buffer: buffer)
    }
}
