"""Injections in the texts of one's own images: folders, files, tables, classes by hand, what is written about a set."""

import csv
import io
from itertools import pairwise

import pytest

from gan.data import registry, set_notes
from gan.data.catalogue import find_entry
from gan.data.ingest import accepted_sets, hand_labels, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.set_notes import SetNotes
from pages.ui import cache_images
from pages.ui.data.steps import UPLOAD
from tests.hostile.test_hostile_texts import nothing_acts, rounds
from tests.support.hostile_texts import HTML, INJECTIONS, MARKDOWN, MARKER
from tests.support.image_files import png_bytes, zip_of
from tests.support.pages import page
from tests.support.uploads import add_zip

ROUNDS = pytest.mark.parametrize("texts", rounds("class")[1::3], ids=range(len(rounds("class")[1::3])))
SOME = pytest.mark.parametrize("texts", rounds("class")[::4], ids=range(len(rounds("class")[::4])))
IN_NAMES = [one.text for one in INJECTIONS if one.text.isprintable() and "/" not in one.text]
"""What names of files and folders may hold."""


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache_images.clear_catalogue()


def table(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def staged(report: CheckReport) -> str:
    assert report.staged is not None
    return report.staged.name


@ROUNDS
def test_no_class_of_a_table_and_no_text_of_a_set_acts(texts: list[str]) -> None:
    files = {f"{k}.png": png_bytes(k) for k in range(4 * len(texts))}
    rows = [[name, texts[int(name[:-4]) % len(texts)]] for name in files]
    report = add_zip(texts[0][:80], zip_of(files | {"labels.csv": table(["file", "class"], rows)}))
    assert report.ok
    assert nothing_acts(page("data"))  # the uploads that wait
    assert nothing_acts(page("data", **{UPLOAD: staged(report)}))
    name = accepted_sets.accept(report)
    set_notes.save_set_notes(set_notes.added_folder(name), SetNotes(texts[1][:80], *texts[2:6]))
    cache_images.clear_catalogue()
    entry = find_entry(f"folder-{name}")
    assert nothing_acts(page("data", data=entry.slug))
    registry.load_image_set(entry.config)
    assert nothing_acts(page("data", data=entry.slug))
    nothing_acts(page("train", data=entry.slug))


@pytest.mark.parametrize("texts", [IN_NAMES[start : start + 16] for start in range(0, len(IN_NAMES), 16)])
def test_no_name_of_a_file_or_folder_acts(texts: list[str]) -> None:
    files = {f"{text}/{text} {k}.png": png_bytes(10 * n + k) for n, text in enumerate(texts) for k in range(3)}
    for one, other in pairwise(texts):  # findings that quote names: the same pixels in two classes, damaged files
        files[f"{one}/copy {other}.png"] = files[f"{other}/{other} 0.png"]
        files[f"{one}/cut {other}.png"] = files[f"{other}/{other} 0.png"][:60]
    report = add_zip("names", zip_of(files))
    assert nothing_acts(page("data", **{UPLOAD: staged(report)}))


@SOME
def test_no_column_of_a_table_acts_where_the_reading_is_chosen(texts: list[str]) -> None:
    files = {f"{k}.png": png_bytes(k) for k in range(24)}
    rows = [[name, *(f"{text} {int(name[:-4]) % 2}" for text in texts[:3])] for name in files]
    report = add_zip("columns", zip_of(files | {"labels.csv": table(["file", *texts[:3]], rows)}))
    assert nothing_acts(page("data", **{UPLOAD: staged(report)}))


@SOME
def test_no_class_by_hand_acts(texts: list[str]) -> None:
    texts = [text for text in texts if "," not in text]
    report = add_zip("flat", zip_of({f"{MARKER} {k}.png": png_bytes(k) for k in range(4)}))
    folder = report.staged
    assert folder is not None
    hand_labels.set_classes(folder, texts)
    for file, label in zip(upload_check.upload_listing(folder).images, texts, strict=False):
        hand_labels.set_label(folder, file, " ".join(label.split()))
    assert nothing_acts(page("data", **{UPLOAD: folder.name}))


LINKS = {
    "train": ("clone", "preset", "data", "set"),
    "data": ("data", "upload"),
    "compare": ("runs", "sweep"),
    "progress": ("run",),
    "explanations": ("about",),
}
"""Pages, and what a link to them may name."""


@pytest.mark.parametrize("text", [MARKDOWN[0].text, MARKDOWN[2].text, HTML[1].text])
def test_no_text_of_a_link_acts(text: str) -> None:
    """Whoever is sent a link trusts the server that it leads to."""
    quoted = sum(nothing_acts(page(name, **{part: text})) for name, parts in LINKS.items() for part in parts)
    assert quoted >= 5
