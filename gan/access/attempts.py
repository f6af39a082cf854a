"""How often a password may be tried. Kept in the memory of the server."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque

WINDOW = 15 * 60.0
"""Seconds in which wrong passwords are counted."""
LIMITS = {"both": 5, "address": 20, "name": 50}
"""Wrong passwords of one name from one address, from one address, and of one name: whoever tries many names or comes
from many addresses is stopped too, and whoever keeps trying a colleague's name does not lock the colleague out soon."""
KEPT = 20_000


class Attempts:
    """Counts wrong passwords, per name and address."""

    def __init__(self) -> None:
        self.failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()
        self.lock = threading.Lock()

    def begin(self, name: str, address: str) -> float:
        """Seconds until the next try is allowed; 0.0: now, and it counts as a failure until `succeeded`, so that tries
        at the same time cannot exceed the limits."""
        now = time.monotonic()
        with self.lock:
            waits = [self._wait(key, LIMITS[key[0]], now) for key in _keys(name, address)]
            if max(waits) > 0:
                return max(waits)
            for key in _keys(name, address):
                self.failures.setdefault(key, deque()).append(now)
                self.failures.move_to_end(key)
            while len(self.failures) > KEPT:
                self.failures.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Take back the try that `begin` counted, and forget this name's failures from this address."""
        with self.lock:
            for key in _keys(name, address):
                times = self.failures.get(key)
                if key[0] == "both":
                    self.failures.pop(key, None)
                elif times:
                    times.pop()

    def _wait(self, key: tuple[str, ...], limit: int, now: float) -> float:
        times = self.failures.get(key)
        while times and now - times[0] > WINDOW:
            times.popleft()
        return 0.0 if not times or len(times) < limit else times[-limit] + WINDOW - now


def _keys(name: str, address: str) -> list[tuple[str, ...]]:
    """What a try is counted for. A home has a whole IPv6 network of 64 bits: it counts as one address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, ipaddress.IPv6Address):
        address = str(ipaddress.ip_network((parsed, 64), strict=False))
    return [("both", name, address), ("address", address), ("name", name)]
