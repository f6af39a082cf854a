"""The download form: which images, in which format, how long it takes; an export then runs in the background."""

from dataclasses import replace

import streamlit as st

from gan import jobs
from gan.access.permissions import Action, decide
from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.export import balance, exports
from gan.export.request import ExportRequest, equal_subclasses
from gan.export.size_estimate import estimate_export
from gan.io.markdown_text import escape_markdown, escape_message
from gan.runs.run import Run
from gan.sampling import marks
from pages.ui import cache, fmt
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted
from pages.ui.gallery import export_list, generator_panel, same_noise, subclass_view
from pages.ui.runs.verdict_badge import verdict_banner

CHOSEN, SUBCLASS, BALANCE, BASKET = "chosen", "subclass", "balance", "basket"
MAX_EACH = 50_000
WAY = "export way"
FORMATS = {
    "folder": "A folder for each condition, PNG",
    "flat": "One folder with labels.csv, PNG",
    "npz": "NumPy arrays (.npz), as MedMNIST has it",
    "dicom": "A folder for each condition, DICOM (Secondary Capture)",
}
MAX_ROWS = 12  # of a table without a scroll bar
COUNT_WIDTH = 220  # px


def download_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """The verdict on the images, the form, and the exports of the run."""
    verdict = cache.run_verdict(run, jobs.state(run.path), request.snapshot)
    if verdict.level != "bad":  # else it stands above all views
        verdict_banner(verdict)
    chosen = _request(run, info, request)
    without_near_copies = _near_copies_left_out(run)
    format = st.selectbox(
        "Format", list(FORMATS), format_func=FORMATS.__getitem__, key="export form", persist_state="session",
        help="The first opens with torchvision's ImageFolder and Hugging Face's load_dataset. Each has labels.csv, a "
        "data card, and a manifest from which every image can be made again. None holds weights.",
    )  # fmt: skip
    ready = chosen.count > 0 and without_near_copies is not None
    export_request = replace(chosen, format=format, with_near_copies=not without_near_copies)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Make a ZIP of {fmt.images(chosen.count)}" if chosen.count else "Make a ZIP", type="primary",
            icon=":material/folder_zip:", key="make zip",
            on_click=_begin, args=(run, export_request), **explained(Action.EXPORT, run, disabled=not ready),
        )  # fmt: skip
        if chosen.count:
            st.caption(_estimate(run, export_request), width="content")
    export_list.export_list(run)
    generator_panel.generator_panel(run, max(run.snapshots()) if request.snapshot is None else request.snapshot)


def _begin(run: Run, request: ExportRequest) -> None:
    with errors_noted():
        exports.begin_export(run, request)


def _estimate(run: Run, request: ExportRequest) -> str:
    """Size and time of the export in words."""
    estimate = estimate_export(run, request)
    parts = [f"About {fmt.byte_size(estimate.size)}"]
    if estimate.seconds is not None:
        parts.append(f"about {fmt.duration(estimate.seconds)}")
    return ", ".join(parts) + ". It runs in the background: you may leave this page."


def _request(run: Run, info: DatasetInfo, shown: ExportRequest) -> ExportRequest:
    """A number of each chosen condition, the chosen classes brought to one number, or the basket."""
    kept = marks.basket(run)
    texts = [text for text, _ in shown.items]
    chosen = _chosen_in_words(texts, info)
    names = {CHOSEN: f"Images of {chosen}"}
    subclass = subclass_view.chosen_subclass(run, info)
    if subclass is not None:
        names |= {SUBCLASS: f"Images of {escape_markdown(same_noise.condition_label(subclass, info))}"}
    if info.kind == "class":
        names |= {BALANCE: f"Bring {chosen} to a number, real and synthetic images together"}
    names |= {BASKET: f"The basket: {fmt.images(len(kept))}"}
    way = st.radio("What to download", list(names), format_func=names.__getitem__, key=WAY, persist_state="session")
    if way == BASKET:
        if not kept:
            st.info("The basket is empty: press K or click ✓ on images to keep them.")
        return ExportRequest.of_basket(kept)
    if way == SUBCLASS and subclass is not None:
        return replace(shown, items=_counts(run, info, [subclass]))
    if not texts:
        st.info("Choose at least one condition.")
        return shown
    items = _balance(run, info, texts) if way == BALANCE else _counts(run, info, texts)
    if info.subclasses and items and _equally_many_of_each_subclass():
        items = equal_subclasses(items, info)
    return replace(shown, items=items)


def _equally_many_of_each_subclass() -> bool:
    return st.toggle(
        "Equally many of each subclass", key="equal subclasses", persist_state="session",
        help="Rare appearances of a class as often as common ones. Off: as often as in the training images.",
    )  # fmt: skip


def _chosen_in_words(texts: list[str], info: DatasetInfo) -> str:
    """The chosen conditions: `class 8`, `3 of 10 classes`, `all 10 classes`, `2 combinations`."""
    if info.kind != "class":
        return "the combination" if len(texts) == 1 else f"{len(texts)} combinations"
    if len(texts) == 1:
        return f"class {escape_markdown(same_noise.condition_label(texts[0], info))}"
    return (
        f"all {len(texts)} classes" if len(texts) == len(info.names) else f"{len(texts)} of {len(info.names)} classes"
    )


def _counts(run: Run, info: DatasetInfo, texts: list[str]) -> tuple[tuple[str, int], ...]:
    """One number for all chosen conditions, or a number for each class."""
    each = int(
        st.number_input(
            "Images" if len(texts) == 1 else "Images of each", 1, MAX_EACH, 500, key="download each",
            persist_state="session", width=COUNT_WIDTH,
        )
    )  # fmt: skip
    counts = dict.fromkeys(texts, each)
    several = info.kind == "class" and len(texts) > 1
    if several and st.toggle("A number for each class", key="own counts", persist_state="session"):
        with st.container(horizontal=True):
            for text in texts:
                counts[text] = int(
                    st.number_input(
                        escape_markdown(same_noise.condition_label(text, info)), 0, MAX_EACH, each,
                        key=f"count {run.name} {text}", persist_state="session", width=COUNT_WIDTH,
                    )
                )  # fmt: skip
    return tuple((text, count) for text, count in counts.items() if count)


def _balance(run: Run, info: DatasetInfo, texts: list[str]) -> tuple[tuple[str, int], ...]:
    """The balance assistant: the synthetic images that bring each chosen class to the same number."""
    largest = int(info.conditions.sum(axis=0, dtype=int).max())
    target = st.number_input(
        "Real and synthetic images together", 1, max(MAX_EACH, largest), largest, key=f"balance {run.name}",
        persist_state="session", width=300, help="At first as many as the largest class has.",
    )  # fmt: skip
    rows = balance.balance_table(info, int(target), texts)
    if len(rows) == 1 and rows[0].synthetic:
        (row,) = rows
        name = escape_markdown(row.condition)
        st.markdown(f"**{row.total:,} {name}**: {row.real:,} real + {row.synthetic:,} synthetic")
        return ((row.condition, row.synthetic),)
    table = [
        {"Class": row.condition, "Real": row.real, "Synthetic to add": row.synthetic, "Result": row.total}
        for row in rows
    ]
    counted = {
        name: st.column_config.NumberColumn(format="localized") for name in ("Real", "Synthetic to add", "Result")
    }
    st.dataframe(
        table, hide_index=True, width="content", height="content" if len(table) <= MAX_ROWS else 420,
        column_config=counted, alt="Real training images, synthetic images to add and their sum, by class",
    )  # fmt: skip
    items = tuple((row.condition, row.synthetic) for row in rows if row.synthetic)
    if not items:
        st.info(f"There are as many real training images of {_chosen_in_words(texts, info)} already: nothing to add.")
    return items


def _near_copies_left_out(run: Run) -> bool | None:
    """Whether to leave out near copies; None where that is wanted but impossible here."""
    leave_out = st.toggle(
        "Leave out near copies of real images", value=True, key="guarded", persist_state="session",
        disabled=not decide(Action.EXPORT_NEAR_COPIES, run),
        help="Each image is compared with every training image, also moved and mirrored. One that is closer to one of "
        "them than new real images are may be a patient's image in disguise: another replaces it. The first time on a "
        "data set this takes up to some minutes.",
    )  # fmt: skip
    if not leave_out and decide(Action.EXPORT_NEAR_COPIES, run):
        st.warning(
            "Some of these images may be training images in disguise. The download will say that nobody checked: do "
            "not pass it on where the training images may not be passed on.",
            icon=":material/content_copy:",
        )
        return False
    problem = training_images.training_images_problem(run)
    if problem:
        decision = decide(Action.EXPORT_NEAR_COPIES, run)
        other = "Or leave near copies in; the download will say so." if decision else escape_message(decision.reason)
        st.warning(f"{escape_message(problem)} {other}", icon=":material/content_copy:")
        return None
    return True
