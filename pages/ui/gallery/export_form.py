"""Taking images home: what to make, in what form, what to expect of it; then it is made in the background.

What was asked for is found again in `export_list.py`, whoever left the page meanwhile.
"""

from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.export import exports
from gan.export.request import ExportRequest, balance_table, items_per_condition
from gan.export.size_estimate import estimate_export
from gan.runs.run import Run
from gan.sampling import marks
from pages.ui import fmt
from pages.ui.frame import errors_noted
from pages.ui.gallery import export_list

CHOSEN, EACH, BALANCE, BASKET = "chosen", "each", "balance", "basket"
WAY = "export way"
FORMS = {
    "folder": "A folder for each condition, PNG",
    "flat": "One folder with labels.csv, PNG",
    "npz": "NumPy arrays (.npz), as MedMNIST has it",
}
LONG = 12  # rows of a table that are shown without scrolling


def panel(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """Choose what to export, and the exports there are."""
    asked = choice(run, info, request)
    guarded = near_copies(run)
    form = st.selectbox(
        "Form", list(FORMS), format_func=FORMS.__getitem__, key="export form", persist_state="session",
        help="The first opens with torchvision's ImageFolder as it is. Each holds labels.csv, a manifest with which "
        "every image can be made again, and a data card. None holds weights.",
    )  # fmt: skip
    ready = asked.count > 0 and guarded is not None
    wanted = replace(asked, format=form, with_near_copies=not guarded)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Make a ZIP of {fmt.images(asked.count)}" if asked.count else "Make a ZIP", type="primary",
            icon=":material/folder_zip:", disabled=not ready, key="make zip", on_click=begin, args=(run, wanted),
        )  # fmt: skip
        if asked.count:
            st.caption(expected(run, wanted), width="content")
    export_list.panel(run)


def begin(run: Run, wanted: ExportRequest) -> None:
    """Start making it."""
    with errors_noted():
        exports.begin_export(run, wanted)


def expected(run: Run, wanted: ExportRequest) -> str:
    """How large it becomes and how long it takes."""
    estimate = estimate_export(run, wanted)
    parts = [f"About {fmt.byte_size(estimate.size)}"]
    if estimate.seconds is not None:
        parts.append(f"about {fmt.duration(estimate.seconds)}")
    return ", ".join(parts) + ". Made in the background: you may leave this page."


def choice(run: Run, info: DatasetInfo, shown: ExportRequest) -> ExportRequest:
    """The conditions that are chosen, a number of every class, what brings the classes to one number, or the basket."""
    kept = marks.basket(run)
    names = {CHOSEN: "The conditions as chosen"}
    if info.kind == "class":
        names |= {EACH: "A number of each class", BALANCE: "Bring every class to one number"}
    names |= {BASKET: f"The basket: {fmt.images(len(kept))}"}
    way = st.radio("What", list(names), format_func=names.__getitem__, key=WAY, persist_state="session")
    if way == EACH:
        count = int(st.number_input("Images of each class", 1, 50_000, 500, key="export each", persist_state="session"))
        return replace(shown, items=items_per_condition(info, count, None))
    if way == BALANCE:
        return replace(shown, items=balance(run, info))
    if way == BASKET:
        if not kept:
            st.info("Nothing is kept yet: look at images, and press K or click ✓ on those to keep.")
        return ExportRequest.of_basket(kept)
    return shown


def balance(run: Run, info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """The balance assistant: how many synthetic images bring every class of the training set to one number."""
    largest = int(info.conditions.sum(axis=0, dtype=int).max())
    target = st.number_input(
        "Bring every class to", 1, 50_000, largest, key=f"balance {run.name}", persist_state="session",
        help="Images of every class, real training images and synthetic ones together. At first as many as the "
        "commonest class has.",
    )  # fmt: skip
    plan = balance_table(info, int(target))
    table = [
        {"Class": row.condition, "Real": row.real, "Synthetic to add": row.synthetic, "Result": row.total}
        for row in plan
    ]
    counted = {
        name: st.column_config.NumberColumn(format="localized") for name in ("Real", "Synthetic to add", "Result")
    }
    st.dataframe(
        table, hide_index=True, width="content", height="content" if len(table) <= LONG else 420,
        column_config=counted, alt="Of each class the real training images, the synthetic ones to add, and the sum",
    )  # fmt: skip
    items = tuple((row.condition, row.synthetic) for row in plan if row.synthetic)
    if not items:
        st.info("Every class has as many real training images already: there is nothing to add.")
    return items


def near_copies(run: Run) -> bool | None:
    """Whether near copies of real images are left out; None where they shall be, and nobody can tell them here."""
    leave_out = st.toggle(
        "Leave out near copies of real images", value=True, key="guarded", persist_state="session",
        help="Each image is compared with every training image, also moved and mirrored. One that comes closer to one "
        "of them than new real images do may be a patient's image in disguise: another is made in its place. The first "
        "time on a data set this measures how close real images come, which takes up to some minutes.",
    )  # fmt: skip
    if not leave_out:
        st.warning(
            "Some of these images may be training images in disguise. The download will say that nobody looked: do not "
            "pass it on where the training images may not be passed on.",
            icon=":material/content_copy:",
        )
        return False
    wrong = training_images.training_images_problem(run)
    if wrong:
        st.warning(f"{wrong} Or leave near copies in, which the download will say.", icon=":material/content_copy:")
        return None
    return True
