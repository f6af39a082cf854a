"""What the columns of a table of labels are, by what they hold and by their names: class, attribute, group or split."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from gan.data.ingest.labels.cell_values import (
    NO_FINDING,
    attribute_value,
    divide_cell,
    is_list,
    plain_values,
)
from gan.data.ingest.labels.split_words import Split, fold_number, split_word


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASS = _words("""class classes label labels diagnosis diagnose diagnostic dx target category categories klasse klassen
    ground truth gt groundtruth classification classe classes clase clases etiqueta etiquetas étiquette étiquettes
    diagnostico diagnóstico diagnostique categoria categoría catégorie kategorie befund
    类别 類別 标签 標籤 分类 分類 诊断 診斷 診断 クラス ラベル класс метка диагноз""")
"""English, German, French, Spanish, Portuguese, Chinese, Japanese and Russian."""
FINDING = _words("""finding findings grade grading level severity pathology disease condition subtype stage score
    outcome result abnormality tumor tumour tissue species phenotype benign malignant malignancy birads density
    retinopathy dr kl choice choices type cell lesion""")
"""Words in names of columns that hold a class if there is no better one."""
FILLING = _words("name names id idx index text str string code image img final true gold the of by or and vs")
"""Words that may stand beside CLASS and FINDING in the name of a class column."""
PERSON = _words("""age sex gender race ethnicity weight height smoker smoking follow followup id index hospital
    institution scanner manufacturer""")
"""Words in names of columns that describe a patient or where images were taken, or count: no label even if 0 or 1."""
DESCRIBING = PERSON | _words("""width size rows columns pixel spacing bbox box xmin ymin xmax ymax x1 y1 x2 y2 x y w h
    area view position laterality side eye frontal lateral ap pa localization localisation location site anatom region
    date time year month day camera device model magnification modality resolution quality url
    institute centre center clinic vendor projection license licence copyright attribution source origin mask maskpath
    path file filename annotator reader rater expert confidence probability method comment comments note notes
    description""")
"""Words in names of columns that describe a patient, an image or a file, and are no class."""
READERS = _words("annotator annotation reader rater expert pathologist radiologist observer")
"""Words in names of columns that hold what one reader says, or who it was."""
GROUPS = (
    _words("group groups cluster"),
    _words("""patient patients patienten patientin pat pid mrn subject subjects participant person individual donor
        animal mouse rat proband paciente pacientes patiente sujet sujeto 患者 病人 病患 被験者 пациент"""),
    _words("case cases accession fall caso cas"),
    _words("lesion slide specimen sample biopsy block eye plate well wsi"),
    _words("study exam examination series visit session acquisition video clip stack volume"),
)
"""Words for what images have in common, from the widest to the narrowest."""
GROUP_WORDS = frozenset().union(*GROUPS)
IDENTIFIER = _words("id ids uid no nr num number code key hash idx index identifier instance name #")
"""Words that may stand beside GROUPS."""
SPLITS = _words("split splits set subset partition fold folds kfold phase usage dataset")
MAX_CLASSES = 100
"""Different values of a column whose name does not call it a class."""


@dataclass(frozen=True)
class Column:
    """A column: its name and its values in the rows that name an image."""

    name: str
    values: tuple[str, ...]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value occurs; values that mean nothing are "", and 1.0 is 1."""
        return Counter(plain_values(self.values))

    @cached_property
    def distinct(self) -> list[str]:
        """The different values but ""."""
        return [value for value in self.counts if value]

    @cached_property
    def filled(self) -> int:
        """Rows with a value."""
        return len(self.values) - self.counts[""]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its name in lower case: `PatientID` has patient and id."""
        parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", self.name)
        return tuple(word for word in re.split(r"[^\w#]+|_+", parted.lower()) if word)

    @property
    def is_attribute(self) -> bool:
        """Whether all values are 0 or 1 in any spelling, or -1."""
        return bool(self.distinct) and all(attribute_value(value) is not None for value in self.distinct)

    @property
    def is_number(self) -> bool:
        """Whether all values are numbers."""
        return all(re.fullmatch(r"[-+]?\d*[.,]?\d+(e[-+]?\d+)?", value, re.IGNORECASE) for value in self.distinct)


def class_rank(column: Column) -> int:
    """How well a column can be the class: 3 by its name, 2 and 1 by words in it, 0 by its values, -1 not at all."""
    words = set(column.words)
    if not column.distinct or column.filled < 2:
        return -1
    if len(words) == 1 and words <= CLASS:
        return 3
    if words & CLASS and words <= CLASS | FILLING | FINDING and "type" not in words:
        return 2
    if column.is_attribute or not 2 <= len(column.distinct) <= max(2, column.filled / 2):
        return -1
    if words & FINDING and words <= FINDING | FILLING:
        return 1
    if words & (DESCRIBING | IDENTIFIER | GROUP_WORDS):
        return -1
    few = min(10 if column.is_number else MAX_CLASSES, max(2, column.filled // 5))
    return 0 if len(column.distinct) <= few else -1


def group_rank(column: Column) -> int | None:
    """The place in GROUPS of what a column names, or None if it is no group.

    What is narrower than a patient must repeat, and must not look like the name of a class.
    """
    words = set(column.words)
    rank = next((rank for rank, group in enumerate(GROUPS) if words & group and words <= group | IDENTIFIER), None)
    if rank is None or not column.distinct or (len(column.distinct) == 1 and words != {"group"}):
        return None
    if rank <= 1:
        return rank
    is_name = not words & IDENTIFIER and len(column.distinct) <= 10
    return rank if len(column.distinct) < column.filled and not column.is_attribute and not is_name else None


def separator_of(column: Column) -> str:
    """What separates several labels in a cell, or "".

    `|` and `;` always do, as do the brackets of lists, for which this is `|`. Commas do if what they separate occurs
    in other cells, too.
    """
    if column.distinct and all(map(is_list, column.distinct)):
        return "|"
    for separator in "|;":
        if any(len(divide_cell(value, separator)) > 1 for value in column.distinct):
            return separator
    divided = [set(divide_cell(value, ",")) for value in column.distinct]
    uses = Counter(part for parts in divided for part in parts)
    joined = [parts for parts in divided if len(parts) > 1]
    return "," if joined and all(any(uses[part] > 1 for part in parts) for parts in joined) else ""


def nothing_values(column: Column, separator: str) -> tuple[str, ...]:
    """The values of a cell for several labels that mean that none applies, and that never stand beside a label."""
    beside = {part for value in column.distinct if len(parts := divide_cell(value, separator)) > 1 for part in parts}
    return tuple(sorted(value for value in column.distinct if value.lower() in NO_FINDING and value not in beside))


def one_hot_share(columns: list[Column]) -> float:
    """The share of rows in which exactly one of two or more 0/1 columns is 1; 0 if more than one is in any row."""
    if len(columns) < 2:
        return 0.0
    rows = Counter(zip(*(plain_values(column.values) for column in columns), strict=True))
    ones = Counter[int]()
    for row, count in rows.items():
        ones[sum(map(_zero_or_one, row))] += count
    return ones[1] / ones.total() if set(ones) <= {0, 1} else 0.0


def _zero_or_one(value: str) -> int:
    found = attribute_value(value)
    return 9 if found is None or found < 0 else found


def names_splits(column: Column) -> bool:
    """Whether a column holds split words, or is called a split or fold and holds a few numbers or folds."""
    if not 1 <= len(column.distinct) <= 20:
        return False
    words = [split_word(value) for value in column.distinct]
    called = column.name.lower() == "split" or bool(set(column.words) & SPLITS)
    if all(words):
        return called or len(set(words)) > 1
    if column.name.lower() == "split":
        return True
    whole = all(value.isdigit() or fold_number(value) is not None for value in column.distinct)
    return called and whole and len(column.distinct) > 1


def flag_of_split(column: Column) -> Split | None:
    """The split that rows with 1 are in, for a 0/1 column such as `is_test` or `train`; None for others."""
    if not column.is_attribute or len(column.distinct) < 2:
        return None
    words = [word for word in column.words if word not in ("is", "in", "set", "for")]
    return split_word(words[0]) if len(words) == 1 else None


def without_twins(columns: list[Column]) -> list[Column]:
    """Columns without those that divide the rows as another does: of `label` 0/1 and `name`, the one with words."""
    kept: list[Column] = []
    for column in sorted(columns, key=lambda column: column.is_number):
        if not any(_are_twins(column, other) for other in kept):
            kept.append(column)
    return [column for column in columns if column in kept]


def in_words(columns: list[Column], ranked: list[tuple[int, Column]]) -> list[Column]:
    """The columns; of numbers, the column that names the same classes in words, such as `label_name` for `label`."""
    named = [column for rank, column in ranked if rank >= 0 and not column.is_number and not column.is_attribute]
    return [
        next((other for other in named if column.is_number and _are_twins(column, other)), column) for column in columns
    ]


def _are_twins(first: Column, second: Column) -> bool:
    """Whether two columns divide the rows in the same way."""
    if len(first.counts) != len(second.counts):
        return False
    pairs = set(zip(plain_values(first.values), plain_values(second.values), strict=True))
    return len(pairs) == len(first.counts)
