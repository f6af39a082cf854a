"""A visitor without a browser: opens pages over the app's own WebSocket, and tells how long the server took.

`gan bench --pages` runs it as a program of its own, because `gan` does not know Streamlit. A time is from the request
to the last of its messages: the script, what it sends, and the way over the loopback; where other work shares the
cores, what the server computed in that time says more. Each page is opened by a
new visitor first, then again by the same one (warm), then the parts that draw themselves anew are asked for as the
browser asks for them, or another number is written into one of the page's fields.
"""

import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

TIMES = 5
PATIENCE = 120.0  # seconds
SETTLE = 0.3  # between two requests, so that they are not taken as one


@dataclass(frozen=True)
class Answer:
    """What came back for one request: seconds until it was whole, and of them those that the server computed, bytes,
    and the fields for whole numbers by their labels. `fragments` are the parts that draw themselves anew, None where
    only such a part was drawn."""

    seconds: float
    computed: float
    bytes: int
    fragments: tuple[str, ...] | None
    fields: dict[str, str]


class Visitor:
    """One session with the app."""

    def __init__(self, connection: ClientConnection, server: int):
        self._connection = connection
        self._server = psutil.Process(server)

    def ask(self, page: str, link: dict[str, str], fragment: str = "", written: dict[str, int] | None = None) -> Answer:
        """Open a page by its name, or one part of it again, with what is `written` into its fields.

        Raises RuntimeError where the page shows an exception.
        """
        request = BackMsg()
        request.rerun_script.query_string = urlencode(link)
        request.rerun_script.page_name = page
        request.rerun_script.fragment_id = fragment
        for field, value in (written or {}).items():
            request.rerun_script.widget_states.widgets.add(id=field, int_value=value)
        fragments: list[str] = []
        fields: dict[str, str] = {}
        began, computed, received = time.perf_counter(), self._computed(), 0
        self._connection.send(request.SerializeToString())
        while True:
            content = self._connection.recv(PATIENCE)
            assert isinstance(content, bytes)
            received += len(content)
            message = ForwardMsg.FromString(content)
            kind = message.WhichOneof("type")
            if kind == "auto_rerun":
                fragments.append(message.auto_rerun.fragment_id)
            element = message.delta.new_element
            if kind == "delta" and element.WhichOneof("type") == "exception":
                raise RuntimeError(element.exception.message)
            if kind == "delta" and element.WhichOneof("type") == "number_input":
                fields[element.number_input.label] = element.number_input.id
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                fragments.clear()  # a part has asked for the whole page
            elif kind == "script_finished":
                seconds = time.perf_counter() - began
                part = message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
                drawn = None if part else tuple(fragments)
                return Answer(seconds, self._computed() - computed, received, drawn, fields)

    def _computed(self) -> float:
        times = self._server.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def visiting(port: int, server: int, cookie: str) -> Iterator[Visitor]:
    """A session with the app at a port of this machine, during the block."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    headers = {"Cookie": cookie} if cookie else None
    with connect(
        address, subprotocols=["streamlit"], max_size=None, additional_headers=headers  # type: ignore[list-item]
    ) as connection:  # fmt: skip
        yield Visitor(connection, server)


def visit(port: int, server: int, cookie: str, page: str, link: dict[str, str], field: str = "") -> dict[str, Any]:
    """Open one page several times; seconds, bytes sent, and the bytes that the `server` process read at a refresh.

    The `cookie` says who is signed in. With a `field`, by its label, also the seconds until the page answers another
    number in it.
    """
    with visiting(port, server, cookie) as visitor:
        first = visitor.ask(page, link)
        warm = []
        for _ in range(TIMES):
            time.sleep(SETTLE)
            warm.append(visitor.ask(page, link))
        refreshed, read, fragments = [], [], warm[-1].fragments or ()
        for _ in range(TIMES if fragments else 0):
            time.sleep(SETTLE)
            before, parts, waiting = bytes_read(server), [], list(fragments)
            while waiting:
                parts.append(visitor.ask(page, link, waiting.pop(0)))
                if parts[-1].fragments is not None:  # the whole page was drawn, perhaps without a part of before
                    fragments, waiting = parts[-1].fragments, []
            refreshed.append(parts)
            read.append(bytes_read(server) - before)
        changed = []
        for number in range(1, TIMES + 1 if field else 1):
            time.sleep(SETTLE)
            changed.append(visitor.ask(page, link, written={first.fields[field]: number}))
    median = statistics.median
    found: dict[str, Any] = {"first_s": first.seconds, "warm_s": median(one.seconds for one in warm)}
    found["first_computed_s"] = first.computed
    found["warm_computed_s"] = median(one.computed for one in warm)
    if refreshed:
        found["refresh_s"] = median(sum(one.seconds for one in parts) for parts in refreshed)
        found["refresh_computed_s"] = median(sum(one.computed for one in parts) for parts in refreshed)
        found["refresh_bytes_sent"] = median(sum(one.bytes for one in parts) for parts in refreshed)
        found["refresh_bytes_read"] = median(read)
    if changed:
        found["changed_s"] = median(one.seconds for one in changed)
        found["changed_computed_s"] = median(one.computed for one in changed)
    return found


def bytes_read(process: int) -> int:
    """What a process has asked the system to read so far; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/io").read_text().strip().split("\n")
    except FileNotFoundError:
        return 0
    return int(dict(line.split(": ") for line in lines)["rchar"])


def main() -> None:
    """Visit what a JSON list names: `python -m pages.ui.bench_client PORT PROCESS VISITS COOKIE`.

    VISITS is such as '[["gallery of x", "gallery", {"run": "x"}, "Seed"]]'; COOKIE is empty without sign-in.
    """
    port, server = int(sys.argv[1]), int(sys.argv[2])
    visits, cookie = json.loads(sys.argv[3]), sys.argv[4]
    print(json.dumps({name: visit(port, server, cookie, *more) for name, *more in visits}))


if __name__ == "__main__":
    main()
