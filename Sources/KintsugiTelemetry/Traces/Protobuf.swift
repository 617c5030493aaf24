/// Writes protocol buffers, as far as OTLP needs it.
/// - Source: Protocol Buffers, "Encoding".
struct Protobuf {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: Int, _ value: UInt64) {
        tag(field, 0)
        append(value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        tag(field, 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func data(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, 2)
        append(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ field: Int, _ value: String) { data(field, value.utf8) }

    mutating func message(_ field: Int, _ body: (inout Protobuf) -> Void) {
        var message = Protobuf()
        body(&message)
        data(field, message.bytes)
    }

    private mutating func tag(_ field: Int, _ type: UInt64) { append(UInt64(field) << 3 | type) }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
