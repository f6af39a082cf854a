"""The options that choose a reading: what they change, and that each reading can be written as options."""

import argparse
import shlex
from pathlib import Path

import pytest

from gan.cli.reading_options import add_reading_options, choose_reading, reading_options
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.labels.reading import Proposal, Reading, TableReading
from gan.errors import UserError
from tests.support.image_files import finding, write_class_folders

TABLE = TableReading(files=("meta.csv",), image="image_id", labels=("dx",), group="lesion_id")
PROPOSALS = (
    Proposal(Reading(table=TABLE, rename={"Nv": "nv"}), "the column dx"),
    Proposal(Reading(levels=("split", "class"), leave_out=("*_mask.png",)), "folders"),
    Proposal(Reading(class_part=1), "file names"),
)
SURE = (Proposal(Reading(levels=("class",)), "folders", sure=True), *PROPOSALS)


def chosen(options: str, proposals: tuple[Proposal, ...] = PROPOSALS) -> Reading | None:
    parser = argparse.ArgumentParser()
    add_reading_options(parser)
    return choose_reading(parser.parse_args(shlex.split(options)), proposals)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(levels=("split", "ignore", "class"), root="my data/export", leave_out=("*/masks/*", "a b.png")),
        Reading(class_part=-1, group_parts=2, geometry="squeeze", window=(-100, 300), frames="all"),
        Reading(table=TABLE, unlabelled="keep", drop=("a, b", "c"), rename={"d=e": "f", 'g"': "f"}, window="file"),
        Reading(
            table=TableReading(
                files=("train.csv", "valid.csv"),
                image="Path",
                labels=("No Finding", "Edema, mild"),
                encoding="attributes",
                empty="zero",
                uncertain="leave-out",
                split_by_table=True,
                header=False,
            )
        ),
        Reading(
            table=TableReading(
                files=("d.csv",), image="i", labels=("l",), encoding="several", separator=";", nothing=("No Finding",)
            ),
            split_lists={"test_list.txt": "test"},
            splits={"fold=1": "val", "2": "leave-out"},
        ),
        Reading(table=TableReading(files=("d.csv",), image="i", labels=("a", "b"), encoding="one-hot", split="part")),
        Reading(table=TABLE.model_copy(update={"subgroups": {"sex": "sex", "scanner": "Make=Model", "a b": "a=b"}})),
    ],
)
def test_the_options_of_a_reading_choose_it_among_any_proposals(reading: Reading) -> None:
    for proposals in ((), PROPOSALS, SURE):
        assert chosen(reading_options(reading), proposals) == reading


def test_nothing_is_chosen_between_proposals_without_a_field_that_names_the_labels() -> None:
    for options in ("", "--geometry pad", "--group lesion_id", "--drop-class nv"):
        assert chosen(options) is None


def test_other_fields_change_the_sure_proposal() -> None:
    assert chosen("", SURE) == Reading(levels=("class",))
    assert chosen("--drop-class 5 --merge a,b=c", SURE) == Reading(
        levels=("class",), drop=("5",), rename={"a": "c", "b": "c"}
    )


def test_a_table_is_completed_from_its_proposal() -> None:
    assert chosen("--class dx --geometry pad") == Reading(table=TABLE, geometry="pad")
    other = TABLE.model_copy(update={"labels": ("dx_type",)})
    assert chosen("--table meta.csv --class dx_type") == Reading(table=other)


def test_subgroups_that_were_found_are_kept_unless_they_are_switched_off() -> None:
    kept = TABLE.model_copy(update={"subgroups": {"sex": "sex"}})
    proposals = (Proposal(Reading(table=kept, rename={"Nv": "nv"}), "", sure=True),)
    options = "--table meta.csv --image image_id --class dx --group lesion_id --merge Nv=nv"
    assert chosen(options, proposals) == proposals[0].reading
    assert chosen("--no-subgroups", proposals) == Reading(table=TABLE, rename={"Nv": "nv"})
    other = kept.model_copy(update={"subgroups": {"scanner": "Make"}})
    assert chosen("--subgroup scanner=Make", proposals) == Reading(table=other, rename={"Nv": "nv"})
    off = Reading(table=TABLE, rename={"Nv": "nv"})
    assert chosen(reading_options(off, proposals), proposals) == off


def test_the_options_for_an_unclear_split_are_ones_that_the_command_takes(tmp_path: Path) -> None:
    for split in ("set one", "set two"):
        write_class_folders(tmp_path / split, {"a": 30, "b": 30})
    levels = Reading(levels=("split", "class"))
    found = finding(check_images(tmp_path, choose=lambda _: levels), "split-unclear", "error")
    readings = [chosen(f"--levels split,class {option}", ()) for option in found.option.split("; ")]
    expected = [{"set one": word} for word in ("train", "val", "test", "leave-out")]
    assert [reading and reading.splits for reading in readings] == expected


def test_levels_keep_what_was_found_beside_them() -> None:
    assert chosen("--levels split,class") == Reading(levels=("split", "class"), leave_out=("*_mask.png",))


@pytest.mark.parametrize(
    "options",
    [
        "--levels split,klass",
        "--class dx --one-hot a,b",
        "--split-value fold_1",
        "--levels class --split-value fold_1=exam",
        "--levels class --window 1,two",
        "--table other.csv",
        "--class dx --subgroup scanner=",
        "--class dx --subgroup sex --no-subgroups",
    ],
)
def test_values_that_cannot_be_understood_are_refused(options: str) -> None:
    with pytest.raises(UserError):
        chosen(options)
