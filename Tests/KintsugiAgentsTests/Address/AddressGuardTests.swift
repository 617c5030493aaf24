import KintsugiAgents
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Which addresses may be called")
struct AddressGuardTests {
    private static let closed = AddressGuard(policy: .init(allowPrivate: false))
    private static let open = AddressGuard(policy: .init(allowPrivate: true))

    private struct Row {
        let address: IPAddress
        let exploded: String
        let canonical: String
        let facts: Set<Substring>
    }

    private func table() throws -> [Row] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/addresses.tsv").standardized
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return Row(
                address: try #require(IPAddress(fields[0]), "\(fields[0])"), exploded: String(fields[0]),
                canonical: String(fields[1]), facts: Set(fields[2].split(separator: ",")))
        }
    }

    @Test("Reads and writes thousands of addresses as Python's ipaddress does")
    func spellings() throws {
        for row in try table() {
            #expect(row.address.description == row.canonical)
            #expect(IPAddress(row.canonical) == row.address)
        }
    }

    @Test(
        "Never takes for public what Python does not, and is stricter only by intent"
    )
    func classes() throws {
        let stricter = [
            "100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "::/96", "::/8",
            "2001::/23",
            "fec0::/10", "3fff::/20",
        ].compactMap { CIDR($0) }
        var counts: [AddressClass: Int] = [:]
        for row in try table() {
            let found = row.address.addressClass
            counts[found, default: 0] += 1
            let isPublic =
                row.facts.contains("global")
                && row.facts.isDisjoint(with: [
                    "multicast", "reserved", "loopback", "link_local", "unspecified",
                ])
            if found == .public { #expect(isPublic, "\(row.address)") }
            let reached = row.address.embeddedV4 ?? row.address
            if isPublic, found != .public, !stricter.contains(where: { $0.contains(reached) }) {
                #expect(found == .special && isOutside2000(row.address), "\(row.address) is \(found)")
            }
            #expect((found == .loopback) == row.facts.contains("loopback"), "\(row.address) is \(found)")
            if row.facts.contains("link_local") { #expect(found == .linkLocal, "\(row.address)") }
            if row.facts.contains("multicast") || row.facts.contains("unspecified") {
                #expect(found == .special, "\(row.address)")
            }
        }
        for one in AddressClass.allCases { #expect(counts[one, default: 0] >= 5, "no case of \(one)") }
    }

    private func isOutside2000(_ address: IPAddress) -> Bool {
        guard case .v6(let high, _) = address else { return false }
        return high >> 61 != 1
    }

    @Test(
        "Every spelling of this machine and of the metadata service is refused",
        arguments: [
            "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1",
            "017700000001",
            "127.0.0.1.", "0x7f.0x0.0x0.0x1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]",
            "[::127.0.0.1]", "0",
            "0.0.0.0", "[::]", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
            "169.254.43518",
            "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]",
            "[64:ff9b:1:a9fe:a9:fe00::]",
            "[fd00:ec2::254]", "[fe80::1]", "100.100.100.200", "168.63.129.16", "[fd20:ce::254]",
            "192.0.0.192",
            "224.0.0.1", "255.255.255.255", "[ff02::1]", "[2002:a9fe:a9fe::]", "[64:ff9b:1::]", "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1", "[fd12:3456::1]", "100.64.0.1",
        ])
    func refused(host: String) {
        #expect(Self.closed.literalProblem(url: "http://\(host)/") != nil)
        #expect(Self.closed.literalProblem(url: "https://\(host):8443/x?y") != nil)
    }

    @Test(
        "What is never called is not called under the openest policy either",
        arguments: [
            "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::a9fe:a9fe]", "0.0.0.0", "[::]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]", "224.0.0.1",
        ])
    func neverCalled(host: String) {
        let networks = ["0.0.0.0/0", "::/0"].compactMap { CIDR($0) }
        let guarded = AddressGuard(policy: .init(allowPrivate: true, allowNetworks: networks))
        #expect(guarded.literalProblem(url: "http://\(host)/") != nil)
    }

    @Test(
        "Public addresses, names, and with the policy private ones are fine",
        arguments: [
            "8.8.8.8", "[2606:4700::1111]", "agent.example.com", "EXAMPLE.com.", "my_agent",
            "xn--bcher-kva.ch",
        ])
    func allowed(host: String) {
        #expect(Self.closed.literalProblem(url: "http://\(host)/") == nil)
        for mine in ["127.0.0.1:7000", "10.1.2.3", "[::1]:7000", "[fd12::1]"] {
            #expect(Self.open.literalProblem(url: "http://\(mine)/") == nil)
        }
    }

    @Test("Allowed networks open what lies in them, through mapped spellings too, and nothing else")
    func networks() {
        let networks = ["10.1.0.0/16", "fd12::/16"].compactMap { CIDR($0) }
        let guarded = AddressGuard(policy: .init(allowPrivate: false, allowNetworks: networks))
        for host in ["10.1.2.3", "[::ffff:10.1.2.3]", "[fd12::7]"] {
            #expect(guarded.literalProblem(url: "http://\(host)/") == nil, "\(host)")
        }
        for host in ["10.2.0.1", "127.0.0.1", "[fd13::7]", "[::1]"] {
            #expect(guarded.literalProblem(url: "http://\(host)/") != nil, "\(host)")
        }
    }

    @Test(
        "URLs that are none are told so",
        arguments: [
            "", "agent", "ftp://a/", "file:///etc/passwd", "http:/a", "http:a", "http://", "http:///x",
            "http://a b/",
            "http://user@a/", "http://user:secret@a/", "http://a:0/", "http://a:65536/", "http://a:-1/",
            "http://a:x/",
            "http://a:1:2/", "http://[::1/", "http://[::1]x/", "http://[fe80::1%25eth0]/",
            "http://[1.2.3.4]/",
            "http://::1/", "http://1.2.3.256/", "http://1.2.3.4.5/", "http://0x100000000/",
            "http://08.8.8.8/", "http://a..b/",
            "http://.a/", "http://%31%32%37.1/", "http://１２７.0.0.1/", "http://bücher.ch/", "http://a\\b/",
            "http://a\n/",
            "http://a\u{0}/", "http://127.0.0.1@8.8.8.8/", "http://8.8.8.8#@127.0.0.1/../", "http://a,b/",
            "http://" + String(repeating: "a", count: 64) + "/",
            "http://a/" + String(repeating: "x", count: 8200),
        ])
    func malformed(url: String) {
        // A fragment is cut off, so that one is good, and goes to the host before it.
        if url.contains("#") {
            #expect((try? CallbackURL(url))?.host == .address(.v4(0x0808_0808)))
        } else {
            #expect(Self.open.literalProblem(url: url) != nil)
        }
    }

    @Test("A URL comes apart into host, port and target")
    func parts() throws {
        let url = try CallbackURL("HTTPS://Agent.Example.COM.:8443/a//b/../c%20d?x[]=1&y=%2F?#part")
        #expect(url.isSecure && url.host == .name("agent.example.com") && url.port == 8443)
        #expect(url.target == "/a//b/../c%20d?x[]=1&y=%2F?")
        #expect(url.hostHeader == "agent.example.com:8443")
        let bare = try CallbackURL("http://[0:0::1]?q")
        #expect(bare.port == 80 && bare.target == "/?q" && bare.hostHeader == "[::1]")
        #expect(try CallbackURL("https://a:443/").hostHeader == "a")
    }

    @Test("Ranges contain what they should, at every length")
    func ranges() throws {
        let (v4, v6) = (try #require(IPAddress("198.51.100.77")), try #require(IPAddress("2001:db8:77::99")))
        for length in 0...32 { #expect(try #require(CIDR(v4, length: length)).contains(v4)) }
        for length in 0...128 { #expect(try #require(CIDR(v6, length: length)).contains(v6)) }
        #expect(try #require(CIDR("198.51.100.0/25")).contains(v4))
        #expect(!(try #require(CIDR("198.51.100.128/25")).contains(v4)))
        #expect(
            !(try #require(CIDR("2001:db8:77::/65")).contains(try #require(IPAddress("2001:db8:77:0:8000::"))))
        )
        #expect(CIDR("10.9.8.7/8")?.description == "10.0.0.0/8")
        for text in [
            "", "/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "10/8", "a/8", "10.0.0.0/+8",
        ] {
            #expect(CIDR(text) == nil, "\(text)")
        }
    }
}
