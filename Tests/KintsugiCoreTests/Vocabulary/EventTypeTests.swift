import KintsugiVocabulary
import Testing

@Suite("Event types")
struct EventTypeTests {
    /// Stored numbers: a row may be added at the end, none may ever change.
    private static let rows: [(Int, String, Severity)] = [
        (1, "task_created", .info), (2, "task_started", .info), (3, "attempt_started", .info),
        (4, "attempt_success", .info), (5, "attempt_failed", .error), (6, "task_retried", .info),
        (7, "circuit_breaker_opened", .critical), (8, "task_failed", .error), (9, "moved_to_dlq", .warning),
        (10, "task_completed", .info), (11, "attempt_accepted", .info), (12, "attempt_abandoned", .error),
        (13, "attempt_interrupted", .info), (14, "task_progress", .info), (15, "task_cancelled", .warning),
        (16, "task_requeued", .info), (17, "input_edited", .info), (18, "task_held", .warning),
        (19, "task_released", .info), (20, "retries_skipped", .warning),
        (21, "circuit_breaker_half_opened", .info), (22, "circuit_breaker_closed", .info),
        (23, "fallback_started", .info), (24, "fallback_step_started", .info),
        (25, "fallback_step_succeeded", .info), (26, "fallback_succeeded", .info),
        (27, "fallback_step_failed", .error), (28, "fallback_exhausted", .error),
        (29, "task_escalated", .warning),
        (30, "task_resumed", .info), (31, "late_result", .warning), (32, "alert_raised", .warning),
        (33, "alert_resolved", .info), (34, "dead_letter_resolved", .info),
        (35, "dead_letter_discarded", .warning),
    ]

    @Test("A type keeps its number, its wire name and its severity for ever", arguments: rows)
    func row(code: Int, name: String, severity: Severity) throws {
        let type = try #require(EventType(rawValue: name))
        #expect(type.code == code)
        #expect(EventType(code: code) == type)
        #expect(type.severity == severity)
    }

    @Test("Every type is in the table")
    func complete() {
        #expect(EventType.allCases.map(\.rawValue) == Self.rows.map(\.1))
    }

    @Test("A number without a type is nil", arguments: [0, -1, 36, Int.min, .max])
    func unknown(code: Int) {
        #expect(EventType(code: code) == nil)
    }

    @Test("Severities are ordered from info to critical")
    func order() {
        #expect(Severity.allCases.sorted() == [.info, .warning, .error, .critical])
        #expect(AlertSeverity.allCases.sorted() == [.medium, .high, .critical])
    }
}
