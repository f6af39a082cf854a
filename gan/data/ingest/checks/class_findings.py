"""Classes and attributes with too few images to learn from, and what can still be done about them."""

import csv
import io
import shlex
from collections.abc import Sequence

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.checks.state import CheckState
from gan.data.ingest.import_plan import ImportPlan

MIN_TRAINING_IMAGES = 25
"""Training images of a class below which training is not recommended. Of X-rays, 10 images a class left a quarter of
the real diversity, and a classifier trained on the synthetic images reached 56%; trained on the same 10 images with
classical augmentation it reached 89%. With 25 a class it was nearly all of the diversity, and 86% against 93%."""
MOST_NAMES = 20
WAYS = "leave them out or merge them with others"
"""Names of classes that a suggested option lists, at most."""


def judge_conditions(state: CheckState, plan: ImportPlan) -> None:
    """Report classes and attributes that are too small."""
    if plan.kind == "attributes":
        _judge_attributes(state, plan)
    else:
        _judge_classes(state, plan)


def _judge_attributes(state: CheckState, plan: ImportPlan) -> None:
    total = int((plan.split == "train").sum())
    having = plan.counts()["train"]
    rare = [
        f"{name} ({count:,} with it, {total - count:,} without)"
        for name, count in having.items()
        if min(count, total - count) < MIN_TRAINING_IMAGES
    ]
    if rare:
        text = f"Attributes that fewer than {MIN_TRAINING_IMAGES} training images have or lack ({len(rare):,}): "
        action = "They are kept, but they are too rare to learn."
        state.add("attribute-too-rare", "warning", f"{text}{first_few(rare)}.", action)


def _judge_classes(state: CheckState, plan: ImportPlan) -> None:
    counts, names = plan.counts(), plan.names
    if len(names) == 1:
        text = f"There is only one class, {names[0]}."
        state.add("one-class", "warning", text, "There is nothing to condition on.")
    total = {name: sum(counts[split][name] for split in counts) for name in names}
    train = counts["train"]
    empty = [name for name in names if total[name] <= 1]
    if empty:
        listed = first_few([f"{name} ({total[name]})" for name in empty])
        text = f"Classes with no image or one, too few to learn from ({len(empty):,}): {listed}."
        state.add("class-nearly-empty", "error", text, f"Add images, or {WAYS}.", _options(empty, names))
    untrained = [name for name in names if total[name] > 1 and not train[name]]
    if untrained:
        text = f"Classes without training images ({len(untrained):,}): {first_few(untrained)}."
        new_splits = _new_splits(state)
        action = f"Add some, {WAYS}{', or have the splits made here' if new_splits else ''}."
        options = [_options(untrained, names), *new_splits]
        state.add("class-without-training-images", "error", text, action, "; ".join(options))
    small = [name for name in names if total[name] > 1 and 0 < train[name] < MIN_TRAINING_IMAGES]
    if small:
        listed = first_few([f"{name} ({train[name]})" for name in small])
        text = f"Classes with fewer than {MIN_TRAINING_IMAGES} training images ({len(small):,}): {listed}."
        action = "They are kept, but generated images of them will be near copies."
        state.add("class-too-small", "warning", text, action)


def _options(few: Sequence[str], names: Sequence[str]) -> str:
    """The options that leave out classes or merge them with another."""
    other = next((name for name in names if name not in few), "NAME")
    if len(few) > MOST_NAMES:
        return "--drop-class with their names; --merge A,B=C"
    return f"--drop-class {_quoted(few)}; --merge {_quoted([*few, other], other)}"


def _quoted(names: Sequence[str], new: str = "") -> str:
    """Names with commas between them, and `=new`, for a shell."""
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow(names)
    return shlex.quote(f"{file.getvalue()}={new}" if new else file.getvalue())


def _new_splits(state: CheckState) -> list[str]:
    """The option to have the splits made here rather than read, if folders or a column give them."""
    reading = state.reading
    if reading.table is not None and reading.table.split:
        return ['--split ""']
    if "split" in reading.levels:
        levels = ",".join("ignore" if level == "split" else level for level in reading.levels)
        return [f"--levels {levels}"]
    return []
