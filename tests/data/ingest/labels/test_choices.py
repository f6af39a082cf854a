"""What a user can choose from where a reading is changed."""

from pathlib import Path

from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels import choices
from gan.data.ingest.labels.choices import Names
from gan.data.ingest.labels.inventory import split_values
from gan.data.ingest.labels.reading import Reading, TableReading
from tests.support.image_files import write_class_folders, write_labels


def test_levels_are_listed_below_a_root_that_holds_nearly_all_images(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"set/train/benign": 2, "set/train/malignant": 2, "set/test/benign": 1})
    listing = list_folder(tmp_path)
    assert choices.roots(listing) == ["", "set"]
    assert choices.folder_levels(listing, "set") == [Names(("test", "train"), 2), Names(("benign", "malignant"), 2)]
    assert len(choices.folder_levels(listing, "")) == 3


def test_parts_of_file_names_and_of_folders_are_listed_with_their_values(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"study1_positive": 1, "study2_negative": 1})
    for number, name in enumerate(("benign_1_a.png", "malign_2_a.png")):
        next(tmp_path.glob(f"study{number + 1}_*/*")).rename(tmp_path / name)
    files = choices.class_part_choices(list_folder(tmp_path), "", None)
    assert files[1] == Names(("benign", "malign"), 2)
    assert files[-1] == Names(("a",), 1)
    folders = tmp_path / "other"
    write_class_folders(folders, {"study1_positive": 1, "study2_negative": 1})
    assert choices.class_part_choices(list_folder(folders), "", 0)[2] == Names(("negative", "positive"), 2)
    assert choices.class_part_choices(list_folder(folders), "", None) == {}


def test_the_head_of_tables_has_their_shared_columns(tmp_path: Path) -> None:
    write_labels(tmp_path, ["file", "class", "fold"], [[f"{row}.png", "a", row % 2] for row in range(20)])
    (tmp_path / "more.csv").write_text("fold,file\n1,x.png\n")
    head = choices.table_head(list_folder(tmp_path), ("labels.csv", "more.csv"), True)
    assert list(head.columns) == ["file", "fold"]
    assert len(head) == 8


def test_values_of_splits_are_counted(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {".": 4})
    write_labels(tmp_path, ["file", "class", "fold"], [[f"{row:03d}.png", "a", row % 3] for row in range(4)])
    table = TableReading(files=("labels.csv",), image="file", labels=("class",), split="fold")
    assert split_values(list_folder(tmp_path), Reading(table=table)) == {"0": 2, "1": 1, "2": 1}
