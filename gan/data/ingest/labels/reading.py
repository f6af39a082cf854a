"""Reading: how files of a set become labelled images. It is proposed, shown, changed, confirmed and kept with the set.

`proposals.py` finds the plausible readings of a folder, `inventory.py` applies one. The command line's options and the
page's fields are the fields of this class.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gan.data.transform import Geometry

Role = Literal["class", "split", "group", "ignore"]
"""What the name of a folder is: the class, split or group of all images below it, or nothing."""
SplitName = Literal["train", "val", "test", "leave-out"]
Encoding = Literal["class", "one-hot", "attributes", "several"]
Unclear = Literal["", "zero", "one", "leave-out", "unlabelled"]
Frames = Literal["first", "middle", "all"]
Window = tuple[int, int] | Literal["file"] | None
Text = Annotated[str, Field(max_length=1000)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Join(_Model):
    """A table that adds columns to the rows of others: to each row those of its own row with the same key.

    file    the table, relative to the folder of the set
    key     its column of keys, each of which is in one row
    column  the column of the other tables that holds these keys. Paths are compared by their base names, without suffix
    """

    file: Text
    key: Text
    column: Text


class TableReading(_Model):
    """How tables name the labels of images.

    files           tables with the same columns, relative to the folder of the set
    image           column that names the images: paths, base names, names without extension, or names of folders
    joins           tables that add columns, such as the patient of each image
    labels          one column for the encodings "class" and "several", any number for "one-hot" and "attributes"; none
                    if the tables name only groups or splits of images whose folders are classes
    encoding        class: one class in each row; one-hot: exactly one of the columns is 1; attributes: each column is
                    0 or 1; several: any number of attributes in one cell, with `separator` between them
    nothing         values of a "several" column that mean that no attribute is present, such as `No Finding`
    empty           what an empty label is: 0, 1, a reason to leave the image out, or an unlabelled image. "": not
                    decided, so that a check asks if there are any
    uncertain       the same for -1 in a set whose labels are 1, 0 and -1 (CheXpert)
    group, split    columns, or ""
    subgroups       columns by the name of the subgroup, such as {"scanner": "Manufacturer"}: a study gives its
                    results for each of their values, which are kept with the set
    split_by_table  the table's name gives the split, such as train.csv and valid.csv
    header          whether the first row names the columns; without it they are named "column 1", "column 2", ...
    """

    files: tuple[Text, ...] = Field(min_length=1)
    image: Text
    joins: tuple[Join, ...] = ()
    labels: tuple[Text, ...] = ()
    encoding: Encoding = "class"
    separator: Annotated[str, Field(max_length=3)] = "|"
    nothing: tuple[Text, ...] = ()
    empty: Unclear = ""
    uncertain: Unclear = ""
    group: Text = ""
    split: Text = ""
    split_by_table: bool = False
    subgroups: dict[Text, Text] = {}
    header: bool = True

    @property
    def all_files(self) -> tuple[str, ...]:
        """The tables that are read, with those that are joined."""
        return (*self.files, *(join.file for join in self.joins))


class Reading(_Model):
    """How files become labelled images. All paths are relative to the folder of the set, with `/` as separator.

    A class comes from the table if it has labels, else from the folder level with the role "class", else from the file
    name (`class_part`). A group comes from the table's column, else from folder levels, else from `group_parts`. A
    split comes from the table's column or name, else from a folder level, else from `split_lists`.

    layout       name of a known layout, such as HAM10000, or ""
    root         folder from which `levels` are counted; images elsewhere are left out
    levels       roles of the folder levels below `root`; deeper levels are ignored
    table        how tables name labels, or None
    class_part   which part of the name of the class folder, or of the file name without a class folder, is the class:
                 0 the whole name, 1 the first part, -1 the last. `_`, `-`, `.`, spaces and brackets separate parts
    group_parts  how many parts of the file name, from its start, name the group; 0: none
    split_lists  text files that list the images of a split, such as {"test_list.txt": "test"}
    splits       splits of names that are no split words, such as {"fold_4": "test"} or {"2": "val"}
    leave_out    patterns of images that are not read, such as `*/masks/*` (fnmatch on the path below the set's folder)
    unlabelled   whether images without a label are left out, or kept without a condition
    drop         classes or attributes to leave out
    rename       new names of classes, {"old": "new"}; two with the same new name are merged
    geometry     how images that are not square become square: crop their centre, pad with the
                 colour of their edge, or squeeze
    window       grey levels that become 0 and 255: a pair for all images, "file" for the window that each DICOM file
                 names, or None for the range that holds nearly all pixels of the set
    frames       which frames of a file with several are read
    """

    layout: Text = ""
    root: Text = ""
    levels: tuple[Role, ...] = ()
    table: TableReading | None = None
    class_part: Annotated[int, Field(ge=-50, le=50)] = 0
    group_parts: Annotated[int, Field(ge=0, le=50)] = 0
    split_lists: dict[Text, SplitName] = {}
    splits: dict[Text, SplitName] = {}
    leave_out: tuple[Text, ...] = ()
    unlabelled: Literal["leave-out", "keep"] = "leave-out"
    drop: tuple[Text, ...] = ()
    rename: dict[Text, Text] = {}
    geometry: Geometry = "crop"
    window: Window = None
    frames: Frames = "first"


READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class Proposal:
    """A plausible reading of a folder.

    title   what the labels are taken from, such as "Each folder is a class" or "HAM10000: column dx of metadata.csv"
    sure    nothing else is plausible: it is used without asking
    doubts  why the user must choose, one sentence each; empty if `sure`
    counts  images of each class or attribute, where the user is asked
    """

    reading: Reading
    title: str
    sure: bool = False
    doubts: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
