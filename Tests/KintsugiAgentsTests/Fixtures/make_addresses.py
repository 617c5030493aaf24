"""Writes addresses.tsv: what Python's ipaddress says about many addresses. Run with no arguments."""

import ipaddress
import random
import sys
from pathlib import Path

EDGES_V4 = """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 192.31.196.0/24
192.52.193.0/24 192.175.48.0/24 8.8.8.8/32 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32""".split()
EDGES_V6 = """::/128 ::1/128 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001::/32 2001:2::/48
2001:db8::/32 2001:10::/28 2001:20::/28 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fd00:ec2::254/128
fd20:ce::254/128 fe80::/10 fec0::/10 ff00::/8 2000::/3 2606:4700::/32 4000::/3""".split()


def facts(address: "ipaddress.IPv4Address | ipaddress.IPv6Address") -> list[str]:
    names = ("is_global", "is_private", "is_loopback", "is_link_local", "is_multicast", "is_reserved", "is_unspecified")
    return [name[3:] for name in names if getattr(address, name)]


def reached(address: "ipaddress.IPv4Address | ipaddress.IPv6Address") -> "ipaddress.IPv4Address | ipaddress.IPv6Address":
    """The IPv4 address behind a mapped or NAT64 one."""
    if address.version == 6:
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def main() -> None:
    rng = random.Random(20260131)
    numbers: set[tuple[int, int]] = set()
    for text in EDGES_V4 + EDGES_V6:
        network = ipaddress.ip_network(text)
        first, last = int(network[0]), int(network[-1])
        bits = network.max_prefixlen
        for number in (first - 1, first, first + 1, last - 1, last, last + 1, *(rng.randint(first, last) for _ in range(8))):
            if 0 <= number < 1 << bits:
                numbers.add((network.version, number))
    numbers |= {(4, rng.getrandbits(32)) for _ in range(600)}
    numbers |= {(6, rng.getrandbits(128)) for _ in range(200)}
    numbers |= {(6, 2 << 124 | rng.getrandbits(125)) for _ in range(200)}
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        numbers |= {(6, int(ipaddress.ip_address(prefix)) | rng.getrandbits(32)) for _ in range(120)}
    # Sparse ones, for the shortening of zeros.
    for _ in range(120):
        groups = [rng.choice((0, 0, rng.getrandbits(16))) for _ in range(8)]
        numbers.add((6, int.from_bytes(b"".join(group.to_bytes(2, "big") for group in groups), "big")))
    lines = []
    for version, number in sorted(numbers):
        address = (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(number)
        exploded = address.exploded
        lines.append("\t".join((exploded, str(address), ",".join(facts(reached(address))))))
    header = f"# by {Path(__file__).name}, Python {sys.version.split()[0]}: spelled out, canonical, facts of the address reached"
    Path(__file__).with_name("addresses.tsv").write_text("\n".join([header, *lines]) + "\n")


if __name__ == "__main__":
    main()
