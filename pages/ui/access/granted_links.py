"""Which media files and uploads were offered to whom.

Streamlit gives a picture, a download or an upload to anyone who knows its address. Here it goes only to a person in
whose pages the address stood: each message to a browser is searched for addresses on its way.
"""

import re
import threading
from collections import OrderedDict

LINKS = re.compile(
    rb"/media/[0-9A-Za-z_-]{16,128}(?:\.[0-9A-Za-z]{1,10})?|/_stcore/upload_file/[0-9A-Za-z_-]{8,64}/[0-9A-Za-z_-]{8,64}"
)
GUARDED = ("/media/", "/_stcore/upload_file/")
KEPT = 200_000
"""Links kept in all, about 40 MB; the oldest are dropped first. Streamlit drops the files long before."""


class GrantedLinks:
    """Remembers the links in messages, by person."""

    def __init__(self) -> None:
        self.links: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.lock = threading.Lock()

    def note(self, name: str, message: bytes) -> None:
        """Remember the links in a message that goes to this person."""
        found = {match.decode() for match in LINKS.findall(message)}
        with self.lock:
            for link in found:
                self.links[name, link] = None
                self.links.move_to_end((name, link))
            while len(self.links) > KEPT:
                self.links.popitem(last=False)

    def may_open(self, name: str, path: str) -> bool:
        """Whether a path, below the base path, is no such link, or one that this person was offered."""
        return not path.startswith(GUARDED) or (name, path) in self.links
