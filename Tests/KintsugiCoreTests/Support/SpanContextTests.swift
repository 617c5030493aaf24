import KintsugiCore
import Testing

@Suite("A span's place in a trace")
struct SpanContextTests {
    private let good = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"

    @Test("A valid header is read and written as it was")
    func valid() throws {
        let context = try #require(SpanContext(traceparent: good))
        #expect(
            context.traceID == "0af7651916cd43dd8448eb211c80319c" && context.spanID == 0x00f0_67aa_0ba9_02b7)
        #expect(context.isSampled && context.traceparent == good)
        let child = context.with(spanID: 1)
        #expect(child.traceparent == "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01")
        let later = try #require(SpanContext(traceparent: "42" + good.dropFirst(2) + "-more"))
        #expect(later == context)
        #expect(SpanContext(traceparent: good.dropLast(2) + "00")?.isSampled == false)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "banana", "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-x",
            "00-0af7651916cd43dd8448eb211c80319-c00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
        ])
    func invalid(text: String) { #expect(SpanContext(traceparent: text) == nil) }
}
