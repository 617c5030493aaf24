/// What kind of place an address is, as far as it matters for calling it.
package enum AddressClass: String, Sendable, Hashable, CaseIterable {
    case `public`
    /// RFC 1918, unique local, shared (carrier-grade NAT) and benchmarking ranges.
    case `private`
    case loopback
    /// One link only, and the metadata services of clouds wherever they live: never called.
    case linkLocal
    /// Multicast, reserved, documentation, unspecified, tunnels: nothing an agent can be at, never called.
    case special
}

extension IPAddress {
    /// The class, decided by the address that a packet really goes to: IPv4 inside IPv6 is looked into.
    ///
    /// - Source: IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890); RFC 4291 (mapped),
    ///   RFC 6052 and 8215 (NAT64), RFC 7526 (6to4 is over), RFC 4380 (Teredo).
    package var addressClass: AddressClass {
        switch self {
        case .v4(let bits): Self.classify(v4: bits)
        case .v6: classifyV6()
        }
    }

    /// The IPv4 address a packet to this one ends up at, if it is only another spelling of one.
    package var embeddedV4: IPAddress? {
        guard case .v6(let high, let low) = self else { return nil }
        if high == 0, low >> 32 == 0xffff { return .v4(UInt32(truncatingIfNeeded: low)) }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return .v4(UInt32(truncatingIfNeeded: low)) }
        return nil
    }

    private static func classify(v4 bits: UInt32) -> AddressClass {
        for (network, found) in v4Table where network.contains(.v4(bits)) { return found }
        return .public
    }

    private func classifyV6() -> AddressClass {
        if let embeddedV4 { return embeddedV4.addressClass }
        if let inner = localNAT64 {
            return inner.contains { [.linkLocal, .special].contains($0.addressClass) } ? .linkLocal : .private
        }
        for (network, found) in Self.v6Table where network.contains(self) { return found }
        return .special
    }

    /// What a local NAT64 prefix, `64:ff9b:1::/48`, may hide: its length is the operator's choice, so all
    /// readings.
    private var localNAT64: [IPAddress]? {
        guard case .v6(let high, let low) = self, high >> 16 == 0x0064_ff9b_0001 else { return nil }
        // At /48 bits 64 to 71 are zero and stand between the two halves of the IPv4 address.
        let split =
            UInt32(truncatingIfNeeded: high & 0xffff) << 16 | UInt32(truncatingIfNeeded: low >> 40 & 0xffff)
        let at56 =
            UInt32(truncatingIfNeeded: high & 0xff) << 24 | UInt32(truncatingIfNeeded: low >> 32 & 0xff_ffff)
        let at64 = UInt32(truncatingIfNeeded: low >> 24)
        return [split, at56, at64, UInt32(truncatingIfNeeded: low)].filter { $0 != 0 }.map(IPAddress.v4)
    }

    /// Narrow rows first; what no row holds is public.
    private static let v4Table: [(CIDR, AddressClass)] = table([
        ("100.100.100.200", .linkLocal),  // metadata of Alibaba Cloud
        ("168.63.129.16", .linkLocal),  // the host of an Azure machine
        ("192.0.0.192", .linkLocal),  // metadata of Oracle Cloud, first generation
        ("0.0.0.0/8", .special),  // Linux takes 0.0.0.0 for this machine
        ("10.0.0.0/8", .private),
        ("100.64.0.0/10", .private),
        ("127.0.0.0/8", .loopback),
        ("169.254.0.0/16", .linkLocal),
        ("172.16.0.0/12", .private),
        ("192.0.0.0/24", .special),
        ("192.0.2.0/24", .special),
        ("192.88.99.0/24", .special),
        ("192.168.0.0/16", .private),
        ("198.18.0.0/15", .private),
        ("198.51.100.0/24", .special),
        ("203.0.113.0/24", .special),
        ("224.0.0.0/3", .special),  // multicast and everything above it
    ])

    /// Narrow rows first; what no row holds is special, because only 2000::/3 is in use.
    private static let v6Table: [(CIDR, AddressClass)] = table([
        ("::1", .loopback),
        ("fd00:ec2::/32", .linkLocal),  // metadata and its neighbours at AWS
        ("fd20:ce::254", .linkLocal),  // metadata of Google Cloud
        ("fe80::/10", .linkLocal),
        ("fc00::/7", .private),
        ("2001::/23", .special),  // Teredo, ORCHID and other protocols
        ("2001:db8::/32", .special),
        ("2002::/16", .special),  // 6to4: a tunnel to any IPv4 address
        ("3fff::/20", .special),
        ("2000::/3", .public),
    ])

    private static func table(_ rows: [(String, AddressClass)]) -> [(CIDR, AddressClass)] {
        rows.map { text, found in
            guard let network = CIDR(text) else { preconditionFailure("not a network: \(text)") }
            return (network, found)
        }
    }
}
