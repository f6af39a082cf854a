"""What the pages share, without a page: reduced and smoothed curves, numbers in words, the routes, the texts."""

import asyncio

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette

from gan.config.run_config import LossConfig
from gan.data import registry
from gan.export import exports
from gan.io.atomic import write_json
from gan.monitoring import curve_points
from gan.monitoring.equilibrium import equilibrium_values
from pages.ui import cache, fmt, palette, sparkline, tiles
from pages.ui.progress.chart_texts import GROUPS
from pages.ui.routes import routes
from tests.conftest import trained
from tests.support.pages import made


def get(path: str, **headers: str) -> httpx.Response:
    """The answer of our routes."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_a_reduced_curve_keeps_its_peaks_and_its_order() -> None:
    x = np.arange(100_000, dtype=np.float64)
    y = np.sin(x / 1000)
    y[54_321], y[12_345] = 9.0, -9.0
    shown_x, shown_y = curve_points.reduce_points(x, y)
    assert len(shown_x) <= curve_points.POINTS
    assert (np.diff(shown_x) > 0).all()
    assert shown_y.max() == 9.0
    assert shown_y.min() == -9.0
    for position in (0, 4_321, 99_999):  # a peak of one point, also at either end
        y = np.zeros(100_000)
        y[position] = 1.0
        assert curve_points.reduce_points(x, y)[1].max() == 1.0


def test_smoothing_keeps_a_level_curve_level_from_its_first_point() -> None:
    assert curve_points.smooth(np.full(20, 1.2), 0.6).tolist() == [1.2] * 20


def test_smoothing_is_a_running_average() -> None:
    """Against the average taken point by point: of 1, 0, 4 with weight 0.5 it is 1, 1/3, 17/7."""
    assert curve_points.smooth(np.array([1.0, 0.0, 4.0]), 0.5) == pytest.approx([1, 1 / 3, 17 / 7])
    values = np.random.default_rng(0).random(3000)
    average = mass = 0.0
    for value, found in zip(values, curve_points.smooth(values, 0.99), strict=True):
        average, mass = 0.99 * average + 0.01 * value, 0.99 * mass + 0.01
        assert found == pytest.approx(average / mass)


def test_a_miniature_spans_its_card_and_cuts_what_is_too_high() -> None:
    corners = [
        tuple(map(float, corner.split(",")))
        for corner in sparkline.svg_points(np.array([10.0, 20.0, 30.0]), np.array([0.0, 1.0, 99.0]), 2.0).split()
    ]
    assert [left for left, _ in corners] == [0, sparkline.WIDTH / 2, sparkline.WIDTH]
    assert [top for _, top in corners] == [sparkline.HEIGHT - 1, sparkline.HEIGHT / 2, 1]


def test_values_that_are_no_numbers_are_left_out_of_a_curve() -> None:
    rows = [{"seen": 1000, "loss_d": 1.0}, {"seen": 2000, "loss_d": float("nan")}, {"seen": 3000}]
    x, y = curve_points.finite_points(rows, "loss_d")
    assert (x.tolist(), y.tolist()) == ([1.0], [1.0])


def test_every_curve_is_explained_and_every_ideal_line_has_a_curve() -> None:
    explained = {line.metric for group in GROUPS for line in group.lines}
    assert set(equilibrium_values(LossConfig())) < explained
    assert all(group.what and group.good and group.bad for group in GROUPS)


def test_every_tone_has_a_colour_in_both_themes() -> None:
    light, dark = palette.TONES["light"], palette.TONES["dark"]
    assert light.keys() == dark.keys()
    assert {line.tone for group in GROUPS for line in group.lines} <= light.keys()


def test_a_run_is_called_by_its_title_and_its_name() -> None:
    assert fmt.run_label("cells", "cells") == "cells"
    assert fmt.run_label("cells", "Best so far") == "Best so far (cells)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8, "8 s"), (59.7, "1 min"), (200, "3 min"), (7500, "2 h 5 min"), (40_000, "11 h"), (300_000, "3 days")],
)
def test_durations_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(12, "12 B"), (1_400_000_000, "1.4 GB"), (25_300_000, "25 MB")])
def test_sizes_are_told_with_their_unit(count: int, text: str) -> None:
    assert fmt.byte_size(count) == text


def test_a_finished_export_is_sent_whole_or_in_part() -> None:
    run = trained("small")
    folder = run.path / "exports" / "20260101-120000"
    folder.mkdir()
    write_json(folder / "request.json", {"items": [["3", 4]], "snapshot": None, "seed": 0, "truncation": 1.0})
    assert get("/api/runs/small/exports/20260101-120000").status_code == 404
    exports.run_task(run, "20260101-120000")
    whole = get("/api/runs/small/exports/20260101-120000")
    assert whole.content.startswith(b"PK")
    assert whole.headers["content-disposition"].endswith('.zip"')
    part = get("/api/runs/small/exports/20260101-120000", Range="bytes=2-5")
    assert (part.status_code, part.content) == (206, whole.content[2:6])


@pytest.mark.parametrize(
    "path", ["absent/exports/20260101-120000", "UP/exports/x", "small/exports/..%2f..%2fconfig.json"]
)
def test_what_is_not_there_is_a_404_in_words(path: str) -> None:
    trained("small")
    answer = get(f"/api/runs/{path}")
    assert answer.status_code == 404


def test_the_chart_library_comes_from_this_server() -> None:
    answer = get("/api/plotly.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert b"plotly.js" in answer.content[:200]


def test_routes_also_stand_below_the_base_path() -> None:
    from streamlit import config

    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "gan")
    try:
        paths = {route.path for route in routes()}
    finally:
        config.set_option("server.baseUrlPath", before)
    assert {"/api/plotly.min.js", "/gan/api/plotly.min.js"} <= paths


def test_a_film_is_made_anew_where_a_run_of_the_same_name_has_other_pictures() -> None:
    run = trained("filmed")
    before = cache.samples_gif(run, None)
    for picture in run.samples().values():
        Image.open(picture).point(lambda grey: 255 - grey).save(picture)
    assert cache.samples_gif(run, None) != before


def test_the_size_of_a_run_is_that_after_its_last_progress_or_download() -> None:
    folder = made().path
    assert cache.disk_usage(folder) < 100_000
    (folder / "generator.bin").write_bytes(bytes(2_000_000))
    write_json(folder / "status.json", {"done": 1000})
    assert cache.disk_usage(folder) > 2_000_000
    (folder / "exports").mkdir(exist_ok=True)
    (folder / "exports" / "images.zip").write_bytes(bytes(3_000_000))
    (folder / "exports" / "ledger.jsonl").write_text("{}\n")
    assert cache.disk_usage(folder) > 5_000_000


def test_the_variety_of_real_images_is_known_once_they_are_read() -> None:
    run = trained("read-later")
    folder = registry.cache_folder(run.config.data)
    folder.rename(folder.with_name("away"))
    assert cache.real_diversity(run) is None
    folder.with_name("away").rename(folder)
    assert cache.real_diversity(run) is not None


@pytest.mark.parametrize(
    ("own", "about", "shown"),
    [(16, 96, 96), (28, 96, 84), (32, 96, 96), (64, 96, 128), (128, 96, 128), (256, 96, 128), (256, 384, 512)],
)
def test_images_are_shown_at_a_multiple_of_their_side_and_large_ones_at_a_whole_part(
    own: int, about: int, shown: int
) -> None:
    assert tiles.shown_side(own, about) == shown
