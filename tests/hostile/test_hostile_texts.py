"""Injections in every text of a user: class, set and file names, titles, notes, tags, causes, readers.

Run folders are copied between people, and class names come out of tables and folders: no text is trusted.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.support.drawn_texts import DrawnText, acting_html, drawn_texts, json_strings
from tests.support.hostile import SNAPSHOT, copied_run, untouched
from tests.support.hostile_texts import CHARTS, HTML, INJECTIONS, MARKER, TRAVERSALS
from tests.support.pages import page

PLAIN = {
    "selectbox.options",
    "selectbox.raw_value",
    "multiselect.options",
    "multiselect.raw_values",
    "text_input.value",
    "text_input.default",
    "text_area.value",
    "text_area.default",
    "text.body",
    "code.code_text",
}
"""Fields that the browser shows as they are."""
CHART_TEXTS = ("name", "hovertemplate", "y", "text", "hovertext", "ticktext", "label")
"""Strings of a figure that plotly reads as HTML."""
TAGS = frozenset(
    [
        "div",
        "span",
        "b",
        "i",
        "img",
        "table",
        "tr",
        "th",
        "td",
        "p",
        "br",
        "figure",
        "figcaption",
        "bdi",
        "style",
        "svg",
        "path",
        "circle",
        "small",
    ]
)


def test_the_list_is_long() -> None:
    assert len({one.text for one in INJECTIONS}) + len(set(TRAVERSALS)) >= 60


def acting(drawn: DrawnText) -> Iterator[str]:
    """What a drawn text has put into the page besides itself."""
    where = f"{drawn.element}.{drawn.field}"
    if MARKER not in drawn.text or where in PLAIN or drawn.field.endswith("id"):
        return
    if where == "html.body":
        yield from acting_html(drawn.text, MARKER, TAGS)
    elif where == "bidi_component.json":
        for path, text in json_strings(drawn.text):
            if path.startswith(".traces") and path.rsplit(".", 1)[-1] in CHART_TEXTS:
                yield from (f"{path}: {text}" for one in (*HTML, *CHARTS) if one.core and one.core in text)
                yield from (f"{path}: {text}" for _ in range("%{x:zq7}" in text))
    else:
        for one in INJECTIONS:
            begins_line = one.core.startswith(("- ", "+ ", "# ", "> ", "1. "))
            before = r"(?m:^)[ \t]*" if begins_line else r"(?<!\\)"
            if one.core and re.search(before + re.escape(one.core), drawn.text):
                yield f"{where}: {drawn.text[:200]!r}"


def nothing_acts(at: AppTest) -> int:
    """Fail where a hostile text acts; gives how many texts of the page have one."""
    texts = list(drawn_texts(at))
    assert [fault for drawn in texts for fault in acting(drawn)] == []
    return sum(MARKER in drawn.text for drawn in texts)


def change_json(path: Path, **values: Any) -> None:
    write_json(path, json.loads(path.read_text()) | values)


def hostile_run(store: Path, texts: list[str], kind: str) -> Run:
    """A run whose ten classes or attributes have these names, and whose other texts are some of them."""
    shutil.rmtree(store / "copied", ignore_errors=True)
    run, title = copied_run(store), texts[0]
    change_json(run.path / "data.json", names=texts, title=title, source=title, licence=title, kind=kind)
    change_json(run.path / "samples/columns.json", labels=texts)
    scores = run.path / f"evaluation/{SNAPSHOT:09d}.json"
    document = json.loads(scores.read_text())
    for row in (*document["near_copies"]["pairs"], *document["per_condition"]):
        row["condition"] = texts[int(row["condition"]) % 10] if row["condition"].isdigit() else row["condition"]
    write_json(scores, document | {"notices": [title]})
    study = run.path / f"evaluation/{SNAPSHOT:09d}-study.json"
    quoted = study.read_text().replace('"ill"', json.dumps(texts[0])).replace('"well"', json.dumps(texts[1]))
    write_json(study, json.loads(quoted) | {"title": title, "notices": [title], "verdict": f"Helps: {title}."})
    for reading in run.path.glob("evaluation/reader-*.json"):
        change_json(reading, reader=title)
    tags = [text[:24] for text in texts if "," not in text][:12]
    about = {"created": 1.7e9, "title": title[:80], "tags": tags, "notes": title, "archived": False, "sweep": ""}
    write_json(run.path / "about.json", about)
    end = {"ticket": 1, "time": 2.0, "state": "failed", "cause": title, "kind": "error", "advice": {}}
    write_json(run.path / "end.json", end)
    return run


def rounds(kind: str) -> list[list[str]]:
    """All injections, ten at a time; attributes have no comma and no equals sign."""
    texts = [one.text for one in INJECTIONS]
    if kind == "attributes":
        texts = list(dict.fromkeys(text.replace(",", ";").replace("=", ":").strip() for text in texts))
    texts += texts[: -len(texts) % 10]
    return [texts[start : start + 10] for start in range(0, len(texts), 10)]


@pytest.mark.parametrize("texts", rounds("class"), ids=range(len(rounds("class"))))
def test_no_text_of_a_run_acts_in_a_page(texts: list[str], watched: Path, store: Path) -> None:
    run = hostile_run(store, texts, "class")
    with untouched(watched):
        assert nothing_acts(page("overview"))
        assert nothing_acts(page("progress", run=run.name))
        assert nothing_acts(page("gallery", run=run.name))
        assert nothing_acts(page("gallery", run=run.name, view="Download"))
        assert nothing_acts(page("evaluate", run=run.name))
        assert nothing_acts(page("compare", run=[run.name]))
        nothing_acts(page("train", clone=run.name))


@pytest.mark.parametrize("texts", rounds("attributes"), ids=range(len(rounds("attributes"))))
def test_no_name_of_an_attribute_acts_in_the_gallery(texts: list[str], store: Path) -> None:
    assert nothing_acts(page("gallery", run=hostile_run(store, texts, "attributes").name))
