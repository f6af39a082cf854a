"""Many small units of work in few jobs: none too short, in the order of what they wait for, on a real Slurm."""

import itertools
from pathlib import Path

import pytest

from gan import jobs
from gan.errors import ConfigError
from gan.jobs import kinds
from gan.jobs.kinds import JobKind
from gan.jobs.slurm import arrays
from gan.jobs.slurm.arrays import submit_arrays
from gan.jobs.slurm.commands import SlurmError
from gan.jobs.slurm.packing import PackedArray, Unit, pack_units
from tests.support import scheduler
from tests.support.jobs import give_job, notes, wait_until
from tests.support.slurm import PATIENT, cluster, cluster_run, slurm

__all__ = ["cluster"]
pytestmark = PATIENT


def study(classifiers: int = 130, seconds: float = 7.0) -> list[Unit]:
    """Units of a study in three regimes, two of which train a generator first."""
    units = [Unit("generator 25", 900.0), Unit("generator 10", 300.0)]
    for share in (100, 25, 10):
        after = () if share == 100 else (f"generator {share}",)
        units += [Unit(f"classifier {share} {number}", seconds, after) for number in range(classifiers)]
    return units


def test_a_study_becomes_few_jobs_of_ten_minutes_or_more() -> None:
    units = study()
    packed_arrays = pack_units(units)
    packs = [pack for array in packed_arrays for pack in array.packs]
    assert sorted(key for pack in packs for key in pack.keys) == sorted(unit.key for unit in units)
    assert len(packs) == 2 + 3  # 392 units
    assert all(pack.seconds >= 600 for pack in packs if pack.keys != ("generator 10",))
    assert [array.after for array in packed_arrays] == [
        frozenset(),
        frozenset({"generator 25"}),
        frozenset({"generator 10"}),
    ]


def test_every_array_stands_behind_what_it_waits_for() -> None:
    units = [Unit("c", 1, ("b",)), Unit("d", 1, ("a", "b")), Unit("b", 1, ("a",)), Unit("a", 1), Unit("e", 1)]
    in_order = pack_units(units)
    for number, array in enumerate(in_order):
        before = {key for earlier in in_order[:number] for pack in earlier.packs for key in pack.keys}
        assert array.after <= before
    assert ("a",) in [pack.keys for array in in_order for pack in array.packs]  # awaited units work alone
    assert len(in_order) == 4


def test_packs_are_no_longer_than_they_must_be() -> None:
    (array,) = pack_units([Unit(str(number), 100.0) for number in range(25)])
    assert [len(pack.units) for pack in array.packs] == [6, 6, 6, 7]  # the rest of 100 s joins the last
    assert [pack.seconds for pack in pack_units([Unit("short", 5.0)])[0].packs] == [5.0]
    assert pack_units([]) == []


@pytest.mark.parametrize(
    "units",
    [
        [Unit("a", 1), Unit("a", 1)],
        [Unit("a", 1, ("b",))],
        [Unit("a", 1, ("b",)), Unit("b", 1, ("a",))],
        [Unit("a", 1, ("a",))],
    ],
)
def test_units_that_cannot_be_ordered_are_refused(units: list[Unit]) -> None:
    with pytest.raises(ConfigError):
        pack_units(units)


@pytest.fixture
def parts(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the parts of a run's work on the test cluster."""
    part = JobKind("part", f"{kinds.RUN}/parts/(?P<part>[0-9]+)", ("unused",), on_device=True)
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, part))
    monkeypatch.setattr(kinds, "job_command", scheduler.job_command)
    parent = cluster_run("run").path / "parts"
    for number in range(6):
        (parent / str(number)).mkdir(parents=True)
        give_job(parent / str(number), "steps", 0.3)
    return parent


def packed(*groups: tuple[str, ...]) -> list[PackedArray]:
    units = [Unit("first", 700)] + [Unit(key, 700, ("first",)) for group in groups for key in group]
    return pack_units(units)


def test_packs_run_in_order_each_in_a_folder_of_its_own(parts: Path) -> None:
    submitted = submit_arrays(parts, packed(("a", "b", "c")), "cpu")
    assert [(pack.folder.name, pack.keys) for pack in submitted] == [
        ("0", ("first",)),
        ("1", ("a",)),
        ("2", ("b",)),
        ("3", ("c",)),
    ]
    array = submitted[1].job_id.partition("_")[0]
    assert [pack.job_id for pack in submitted[1:]] == [f"{array}_{number}" for number in (1, 2, 3)]
    assert slurm("squeue", "--noheader", "--format=%K", f"--job={array}").endswith("%10")
    wait_until(
        lambda: all(jobs.state(pack.folder).name == "finished" for pack in submitted),
        f"all finish; now {[jobs.state(pack.folder) for pack in submitted]}",
    )
    order = [line for line in notes() if line.startswith(("begin", "end"))]
    assert order[:2] == ["begin run/parts/0", "end run/parts/0"]
    assert "Started as Slurm's job" in jobs.log_tail(submitted[3].folder)


def test_what_waits_for_a_failed_pack_is_cancelled(parts: Path) -> None:
    give_job(parts / "0", "nan")
    first, second = submit_arrays(parts, packed(("a",)), "cpu")
    wait_until(lambda: jobs.state(first.folder).name == "failed", "the first fails")
    wait_until(lambda: not jobs.state(second.folder).alive, "the second never starts")
    assert not [line for line in notes() if "parts/1" in line]


def test_a_refused_array_takes_back_those_before_it(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()
    original = arrays._submit

    def second_refused(folders, device, gpus, after):  # type: ignore[no-untyped-def]
        if next(calls):
            monkeypatch.setenv("GAN_SLURM_PARTITION", "nowhere")
        return original(folders, device, gpus, after)

    monkeypatch.setattr(arrays, "_submit", second_refused)
    with pytest.raises(SlurmError, match="invalid partition"):
        submit_arrays(parts, packed(("a", "b")), "cpu")
    assert not list(parts.glob("*/queued.json"))
    wait_until(lambda: not slurm("squeue", "--noheader"), "nothing is left in the queue")
