import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("The spans of a task")
struct TaskTraceTests {
    private let submitter = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
    private func id(_ number: UInt64) -> TaskID { TaskID(UUID7(milliseconds: 1000, random: number, number)) }

    @Test("They are in the submitter's trace, sampled as it is")
    func submitted() {
        let trace = TaskTrace(id(1), traceparent: submitter, samples: { _, parent in parent ?? false })
        #expect(trace.submitter?.traceparent == submitter)
        #expect(trace.send.traceID == trace.submitter?.traceID && trace.send.isSampled)
        #expect(trace.send.spanID != trace.submitter?.spanID)
    }

    @Test("Whether it is kept is the sampler's to say, whatever the submitter says")
    func sampled() {
        let trace = TaskTrace(id(1), traceparent: submitter, samples: { _, parent in parent == nil })
        #expect(!trace.send.isSampled && trace.call(1).traceparent.hasSuffix("-00"))
    }

    @Test("Without one the trace is the task's own, if it is wanted")
    func own() {
        for wanted in [true, false] {
            let trace = TaskTrace(
                id(1), traceparent: nil,
                samples: { low, parent in low == id(1).uuid.low && parent == nil && wanted })
            #expect(trace.submitter == nil && trace.send.isSampled == wanted)
            #expect(trace.send.traceHigh == id(1).uuid.high && trace.send.traceLow == id(1).uuid.low)
        }
    }

    @Test("Each span has an id of its own, the same whenever and wherever it is asked for")
    func ids() {
        var seen: Set<UInt64> = []
        for task in 0..<50 {
            let trace = TaskTrace(id(UInt64(task)), traceparent: submitter, samples: { _, _ in true })
            #expect(trace == TaskTrace(id(UInt64(task)), traceparent: submitter, samples: { _, _ in true }))
            seen.insert(trace.send.spanID)
            for number in 1...20 {
                seen.insert(trace.process(round: number).spanID)
                seen.insert(trace.attempt(number).spanID)
                seen.insert(trace.call(number).spanID)
            }
        }
        #expect(seen.count == 50 * 61 && !seen.contains(0))
    }
}
