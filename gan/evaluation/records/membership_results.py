"""The result of a membership test, stored as `evaluation/<seen>-membership.json`, and its statistics. No torch.

It says "risk found" or "no risk found by this test"; no test can show that images are anonymous.

Letters: n members, h held-out images, B draws.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gan.errors import DamagedFileError
from gan.evaluation.statistics import percentile_interval
from gan.io.atomic import write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import log_damaged
from gan.runs.run import Run, format_seen
from gan.runs.snapshots import is_overwritten

VERSION = 2
ALARM = 0.05
"""Significance level of both statistics together."""
CLOSEST = 0.05
"""Share of held-out images that defines "very near"."""
DRAWS = 2000


@dataclass(frozen=True)
class MembershipResult:
    """Whether a snapshot's samples lie nearer to training images (members) than to held-out real images.

    `auc`: probability that a member lies nearer to a sample than a held-out image does, with a 95% `interval`; 0.5 is
    chance. `near`: share of members nearer than all but the nearest 5% of held-out images. `control_auc`,
    `control_near`: central 95% of the same statistics between random parts of the members. `p_value`: the share of
    these splits at least as extreme in either statistic (Bonferroni). `n`: numbers of images of each kind.
    `patients_named`: splits and interval are of whole patients; otherwise of images.
    """

    version: int
    run: str
    snapshot: int
    n: dict[str, int]
    auc: float
    interval: tuple[float, float]
    near: float
    control_auc: tuple[float, float]
    control_near: tuple[float, float]
    p_value: float
    patients_named: bool
    notices: list[str]
    made_with: dict[str, Any]

    @property
    def risk_found(self) -> bool:
        """Whether members differ from held-out images significantly."""
        return self.p_value < ALARM

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        statistics = f"AUC {self.auc:.2f} ({self.interval[0]:.2f} to {self.interval[1]:.2f}), p = {self.p_value:.3g}"
        if self.risk_found:
            found = f"Risk found: the samples lie nearer to training images than to held-out ones ({statistics})"
            return (
                f"{found}." if self.patients_named else f"{found}, unless unnamed patients with several images differ."
            )
        return (
            "No risk found by this test: training and held-out images could not be distinguished by the samples "
            f"({statistics})."
        )

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON document."""
        return asdict(self) | {"risk_found": self.risk_found, "verdict": self.verdict}

    def save(self, run: Run) -> Path:
        """Write the result into the run's folder, replacing an earlier one of the same snapshot."""
        path = membership_path(run, self.snapshot)
        path.parent.mkdir(exist_ok=True)
        write_json(path, self.as_json())
        return path


def membership_path(run: Run, snapshot: int) -> Path:
    """The file of a snapshot's result."""
    return run.path / "evaluation" / f"{format_seen(snapshot)}-membership.json"


def load_membership(run: Run, snapshot: int) -> MembershipResult | None:
    """The result of a snapshot; None where there is none of its generator, or it cannot be read."""
    test = _read(membership_path(run, snapshot))
    if test is None or is_overwritten(run.snapshot_folder(snapshot), test.made_with):
        return None
    return test


def list_memberships(run: Run) -> list[MembershipResult]:
    """All readable results of a run, by snapshot, ascending, without those of generators that were overwritten."""
    tests = (_read(path) for path in sorted((run.path / "evaluation").glob("?????????-membership.json")))
    return [
        test
        for test in tests
        if test is not None and not is_overwritten(run.snapshot_folder(test.snapshot), test.made_with)
    ]


def _read(path: Path) -> MembershipResult | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    try:
        return validated(path, document, RESULT)
    except DamagedFileError as error:
        log_damaged(path, error)
        return None


RESULT = TypeAdapter(MembershipResult)


@dataclass(frozen=True)
class DistanceComparison:
    """Both statistics with their interval, control and p-value, as in MembershipResult."""

    auc: float
    interval: tuple[float, float]
    near: float
    control_auc: tuple[float, float]
    control_near: tuple[float, float]
    p_value: float
    members: int
    held_out: int


def compare_distances(
    members: NDArray[np.float64],
    held_out: NDArray[np.float64],
    groups: tuple[NDArray[np.str_], NDArray[np.str_]] | None = None,
    seed: int = 0,
) -> DistanceComparison:
    """Compare the distances of members (n,) with those of held-out images (h,), with a permutation control.

    `groups` (n,) and (h,): the patients of both, where known. The control splits the members at random in the sizes of
    the comparison, whole patients on one side, except the one at the cut; `interval` resamples whole patients. Without
    them both take images as independent: patients with several images each, all in one split, raise false alarms.
    """
    generator = np.random.default_rng(seed)
    h = min(len(held_out), len(members) // 2)
    chosen = generator.permutation(len(members))[: len(members) - h], generator.permutation(len(held_out))[:h]
    tested, reference = members[chosen[0]], held_out[chosen[1]]
    auc, near = roc_auc(tested, reference), near_share(tested, reference)
    units = [np.arange(len(part)) for part in (members, held_out)]
    if groups is not None:
        units = [np.unique(group, return_inverse=True)[1] for group in groups]
    unit = units[0]
    control = np.empty((DRAWS, 2))
    for b in range(DRAWS):
        order = np.argsort(generator.random(int(unit.max()) + 1)[unit], kind="stable")  # whole groups, shuffled
        inside, outside = members[order[h:]], members[order[:h]]
        control[b] = roc_auc(inside, outside), near_share(inside, outside)
    p_values = (1 + (control >= [auc, near]).sum(axis=0)) / (1 + DRAWS)
    parts = [(tested, units[0][chosen[0]]), (reference, units[1][chosen[1]])]
    resampled = [roc_auc(*(_resampled(*part, generator) for part in parts)) for _ in range(DRAWS // 4)]
    return DistanceComparison(
        auc=auc,
        interval=percentile_interval(np.array(resampled)),
        near=near,
        control_auc=percentile_interval(control[:, 0]),
        control_near=percentile_interval(control[:, 1]),
        p_value=min(1.0, 2 * float(p_values.min())),
        members=len(tested),
        held_out=h,
    )


def _resampled(
    values: NDArray[np.float64], unit: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """The values (n,) of as many units, drawn with replacement, as there are."""
    distinct, member = np.unique(unit, return_inverse=True)
    counts = generator.multinomial(len(distinct), np.full(len(distinct), 1 / len(distinct)))
    return np.repeat(values, counts[member])


def roc_auc(members: NDArray[np.float64], held_out: NDArray[np.float64]) -> float:
    """Probability that a member (n,) has a smaller distance than a held-out image (h,); ties count half."""
    ordered = np.sort(members)
    below, up_to = (np.searchsorted(ordered, held_out, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / 2 / len(members))


def near_share(members: NDArray[np.float64], held_out: NDArray[np.float64]) -> float:
    """Share of members (n,) nearer than all but the nearest 5% of the held-out images (h,)."""
    return float((members < np.quantile(held_out, CLOSEST)).mean())
