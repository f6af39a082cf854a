"""What the tests of the pages share: a page as a visitor sees it, all that it says, and run folders to look at."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from gan.config import options
from gan.io.atomic import write_json
from gan.io.contact_sheet import make_grid
from gan.runs import lifecycle
from gan.runs.metrics import MetricsWriter
from gan.runs.run import Run

APP = str(Path(__file__).resolve().parents[2] / "streamlit_app.py")
PAGES = ("overview", "data", "train", "progress", "gallery", "evaluate", "compare")
ROW = {
    "seconds": 1.0,
    "images_per_second": 900.0,
    "loss_d": 1.2,
    "loss_g": 0.9,
    "d_x": 0.6,
    "d_g_z1": 0.4,
    "d_g_z2": 0.38,
}


def page(name: str, **link: str | list[str]) -> AppTest:
    """The page as a visitor who follows a link sees it."""
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.switch_page(f"pages/{name}.py")
    for key, value in link.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says in words."""
    parts = [
        *at.title,
        *at.header,
        *at.subheader,
        *at.markdown,
        *at.caption,
        *at.error,
        *at.warning,
        *at.info,
        *at.success,
    ]
    return "\n".join(str(part.value) for part in parts)


def buttons(at: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [button.label for button in at.button]


def links(at: AppTest) -> list[tuple[str, str]]:
    """The label and the query of every link to a page."""
    return [(link.proto.label, link.proto.query_string) for link in at.get("page_link")]


def tiles(at: AppTest) -> list[dict[str, Any]]:
    """The images of the page that can be clicked, as the browser gets them: `id`, `alt`, `src`, `mark`, `dropped`."""
    return [image for row in grid_rows(at) for image in row["images"]]


def grid_rows(at: AppTest) -> list[dict[str, Any]]:
    """The rows of those images, and of pictures between them: `name`, `note`, `images`."""
    drawn = [json.loads(one.proto.json) for one in at.get("bidi_component") if one.proto.component_name == "image_grid"]
    return [row for widget in drawn for row in widget["rows"]]


def made(name: str = "made", points: int = 12, **values: Any) -> Run:
    """A run folder with curves and a picture, as a trainer writes them."""
    run = lifecycle.create_run(options.build_config(values), name)
    writer = MetricsWriter(run.path / "metrics.jsonl", 0)
    for number in range(1, points + 1):
        writer.append(ROW | {"seen": number * 1000})
    writer.close()
    make_grid(np.zeros((10, 1, 32, 32), np.uint8), 10).save(run.path / "samples" / "000000000.png")
    return run


def ended(run: Run, **word: Any) -> Run:
    """The run after its trainer's last word, as `gan/jobs/worker.py` writes it."""
    write_json(run.path / "started.json", {"ticket": 1, "time": 1.0, "device": "cpu", "pid": None})
    write_json(run.path / "end.json", {"ticket": 1, "time": 2.0, **word})
    return run
