"""What the tests of synthetic pictures share: the pictures of a document or page, and the marks in them."""

import base64
import io
import re
from collections.abc import Iterable
from html.parser import HTMLParser

from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.pages import tiles

CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED, IN_PART = f"{CODES}trainedAlgorithmicMedia", f"{CODES}compositeWithTrainedAlgorithmicMedia"
REAL = ("Real image", "Its nearest training image", "Most similar real")
"""How the alternative texts of real images begin."""


class _Pictures(HTMLParser):
    """The PNGs and GIFs inside a document, each with its alternative text."""

    def __init__(self, document: str):
        super().__init__()
        self.found: list[tuple[str, bytes]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "img" and re.match("data:image/(png|gif);", values.get("src") or ""):
            self.found.append((values["alt"] or "", decoded(values["src"] or "")))


def decoded(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


def source_type(content: bytes) -> str | None:
    """IPTC's DigitalSourceType of a PNG or GIF that also says it in words; None where it says neither."""
    with Image.open(io.BytesIO(content)) as image:
        said = image.info.get("Synthetic") or image.info.get("comment", b"").decode()
    codes = re.findall(rb'Iptc4xmpExt:DigitalSourceType="([^"]+)"', content)
    assert bool(said) == bool(codes)
    if not codes:
        return None
    assert "made by a conditional GAN" in said
    (code,) = codes
    return str(code.decode())


def assert_marked(pictures: Iterable[tuple[str, bytes]], *, fewest: int) -> None:
    """Synthetic pictures have a mark, real ones have none."""
    generated = 0
    for alt, content in pictures:
        expected = None if alt.startswith(REAL) else IN_PART if "the nearest training image" in alt else GENERATED
        assert source_type(content) == expected, alt
        generated += expected == GENERATED
    assert generated >= fewest


def pictures_of(document: str) -> list[tuple[str, bytes]]:
    """The PNGs and GIFs inside a document, each with its alternative text."""
    return _Pictures(document).found


def pictures_on(at: AppTest) -> list[tuple[str, bytes]]:
    """The PNGs and GIFs of a page, as the browser saves them."""
    document = "\n".join(str(part.proto.body) for part in at.get("html"))
    return pictures_of(document) + [(tile["alt"], decoded(tile["src"])) for tile in tiles(at)]
