"""Network addresses in one form, so that each has one key in limits, trust and the audit log."""

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """The address in a text, which may have a port behind it, as some proxies write it; None for anything else.

    An IPv4 address within an IPv6 one (`::ffff:192.0.2.1`) is the IPv4 address. A zone (`%eth0`) is dropped.
    """
    match = re.fullmatch(r"\[([^]]*)\](?::\d{1,5})?|([0-9.]+):\d{1,5}|(.*)", text.strip(), re.ASCII)
    if match is None:
        return None
    try:
        address = ipaddress.ip_address(next(filter(None, match.groups()), "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
