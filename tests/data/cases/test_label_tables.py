"""Tables of labels as people and programs write them."""

import io
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, refused, used
from tests.data.cases.trees import CLASSES, TWO, Tree, images, json_bytes, table, two_classes

COUNT = 26
LABELS = [CLASSES[number > 11] for number in range(COUNT)]
"""12 of the first class and 14 of the second, as TWO counts them."""
HALF = {"0": 12, "1": 14}
"""The same as 0 and 1."""


def labelled(
    row: Callable[[int], Sequence[object]] = lambda n: [f"{n:04d}.png", LABELS[n]],
    header: Sequence[object] = ("file", "class"),
    pattern: str = "{:04d}.png",
    name: str = "labels.csv",
    delimiter: str = ",",
    code: str = "utf-8",
) -> Callable[[], Tree]:
    """COUNT images and a table with a row for each."""

    def tree() -> Tree:
        rows = table(header, [row(number) for number in range(COUNT)], delimiter, code)
        return {**images(pattern, COUNT), name: rows}

    return tree


def with_text(
    text: str, pattern: str = "{:04d}.png", name: str = "labels.csv", code: str = "utf-8"
) -> Callable[[], Tree]:
    return lambda: {**images(pattern, COUNT), name: text.encode(code)}


def lines(row: Callable[[int], str], header: str = "file,class", end: str = "\n") -> str:
    return end.join([*([header] if header else []), *(row(number) for number in range(COUNT)), ""])


def attribute(values: Sequence[object]) -> Callable[[], Tree]:
    """A column `melanoma` that takes two values for 12 and 14 images."""
    return labelled(lambda n: [f"{n:04d}.png", values[n > 11]], ("file", "melanoma"))


def columns(header: Sequence[object], *cells: Callable[[int], object]) -> Callable[[], Tree]:
    """The columns file and class, and more."""
    return labelled(lambda n: [f"{n:04d}.png", LABELS[n], *(cell(n) for cell in cells)], ("file", "class", *header))


def workbook(*sheets: tuple[str, Sequence[Sequence[object]]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [(f"{number:04d}.png", label) for number, label in enumerate(LABELS)]
HEADER = ("file", "class")
SUMMARY = table(("class", "count"), [("benign", 12), ("malignant", 14)])

WRITTEN = [
    case("semicolons", labelled(delimiter=";"), used(TWO)),
    case("tabs", labelled(delimiter="\t", name="labels.tsv"), used(TWO)),
    case("pipes", labelled(delimiter="|"), used(TWO)),
    case("spaces", with_text(lines(lambda n: f"{n:04d}.png {LABELS[n]}", "file class"), name="labels.txt"), used(TWO)),
    case("CRLF", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}", end="\r\n")), used(TWO)),
    case("CR", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}", end="\r")), used(TWO)),
    case("byte order mark", labelled(code="utf-8-sig"), used(TWO)),
    case("UTF-16", labelled(code="utf-16"), used(TWO)),
    case(
        "Latin-1",
        labelled(lambda n: [f"{n:04d}.png", ["gutartig", "bösartig"][n > 11]], code="latin-1"),
        used({"gutartig": 12, "bösartig": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "UTF-8 umlauts",
        labelled(lambda n: [f"{n:04d}.png", ["gutartig", "bösartig"][n > 11]]),
        used({"gutartig": 12, "bösartig": 14}),
    ),
    case(
        "GBK",
        labelled(lambda n: [f"{n:04d}.png", ["良性", "恶性"][n > 11]], ("文件", "类别"), code="gbk"),
        used({"良性": 12, "恶性": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "Shift-JIS",
        labelled(lambda n: [f"{n:04d}.png", ["良性", "悪性の可能性"][n > 11]], ("ファイル", "ラベル"), code="cp932"),
        used({"良性": 12, "悪性の可能性": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "Windows-1251",
        labelled(lambda n: [f"{n:04d}.png", ["норма", "опухоль"][n > 11]], ("файл", "класс"), code="cp1251"),
        used({"норма": 12, "опухоль": 14}, says=("table-read-otherwise",)),
    ),
    case("sep line", with_text("sep=,\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")), used(TWO)),
    case("title above", with_text("Study of 2021\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")), used(TWO)),
    case(
        "comment lines",
        with_text("# made by hand\n# second line\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")),
        used(TWO),
    ),
    case("quoted newline", columns(["note"], lambda n: f"seen\nby {n}"), used(TWO)),
    case("quoted commas", labelled(lambda n: [f"scan, {n:04d}.png", LABELS[n]], pattern="scan, {:04d}.png"), used(TWO)),
    case(
        "apostrophes and quotes in names",
        labelled(lambda n: [f'o\'neil "{n}".png', LABELS[n]], pattern='o\'neil "{}".png'),
        used(TWO),
    ),
    case("spaces after commas", with_text(lines(lambda n: f"{n:04d}.png, {LABELS[n]}", "file, class")), used(TWO)),
    case("trailing comma", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]},", "file,class,")), used(TWO)),
    case("two trailing commas", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]},,", "file,class,,")), used(TWO)),
    case("blank lines", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}\n")), used(TWO)),
    case("index column", labelled(lambda n: [n, f"{n:04d}.png", LABELS[n]], ("Unnamed: 0", *HEADER)), used(TWO)),
    case("no header", labelled(header=()), used(TWO)),
    case(
        "CelebA",
        with_text(
            f"{COUNT}\nSmiling Male\n"
            + "".join(f"{n:04d}.png {1 if n > 11 else -1:2d} {1 if n % 2 else -1:2d}\n" for n in range(COUNT)),
            name="list_attr_celeba.txt",
        ),
        used({"Smiling": 14, "Male": 13}, kind="attributes"),
    ),
    case("capital name", labelled(name="Labels.CSV"), used(TWO)),
    case("any name", labelled(name="export final (2).csv"), used(TWO)),
    case("in a folder of its own", labelled(name="tables/labels.csv", pattern="images/{:04d}.png"), used(TWO)),
    case(
        "json records",
        lambda: {**images("{:04d}.png", COUNT), "labels.json": json_bytes([{"file": f, "class": c} for f, c in ROWS])},
        used(TWO),
    ),
    case("json by file", lambda: {**images("{:04d}.png", COUNT), "labels.json": json_bytes(dict(ROWS))}, used(TWO)),
    case(
        "json lines",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.jsonl": b"\n".join(json_bytes({"file": f, "class": c}) for f, c in ROWS),
        },
        used(TWO),
    ),
    case(
        "Excel",
        lambda: {**images("{:04d}.png", COUNT), "labels.xlsx": workbook(("Sheet1", [HEADER, *ROWS]))},
        used(TWO),
    ),
    case(
        "Excel with an empty sheet first",
        lambda: {**images("{:04d}.png", COUNT), "labels.xlsx": workbook(("Sheet1", []), ("Sheet2", [HEADER, *ROWS]))},
        used(TWO),
    ),
    case(
        "Excel with notes first",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.xlsx": workbook(("Info", [("Author", "A. B."), ("Date", "2021")]), ("Labels", [HEADER, *ROWS])),
        },
        used(TWO, says=("table-read-otherwise",)),
    ),
    case(
        "Excel with a sheet for each split",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.xlsx": workbook(("train", [HEADER, *ROWS[::2]]), ("test", [HEADER, *ROWS[1::2]])),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "old Excel",
        lambda: {**images("part{}.png", COUNT), "labels.xls": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)},
        refused(),
    ),
    case(
        "old Excel beside class folders",
        lambda: {
            **images("benign/{}.png", 12),
            **images("malignant/{}.png", 14),
            "labels.xls": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
        },
        asked(TWO, says=("unreadable-table",)),
    ),
    case("OpenDocument", lambda: {**images("{:04d}.png", COUNT), "labels.ods": b"PK\3\4" + bytes(100)}, refused()),
    case("Apple Numbers", lambda: {**images("{:04d}.png", COUNT), "labels.numbers": b"PK\3\4" + bytes(100)}, refused()),
    case(
        "Google Sheets",
        lambda: {
            **images("benign/{}.png", 12),
            **images("malignant/{}.png", 14),
            "labels.gsheet": b'{"url": "https://docs.google.com/x"}',
        },
        asked(TWO, says=("unreadable-table",)),
    ),
    case("header only", lambda: {**images("{:04d}.png", COUNT), "labels.csv": b"file,class\n"}, refused()),
    case("empty", lambda: {**images("{:04d}.png", COUNT), "labels.csv": b""}, refused()),
    case("binary", lambda: {**images("{:04d}.png", COUNT), "labels.csv": bytes(range(256)) * 4}, refused()),
    case(
        "a row too short",
        with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}" if n != 7 else f"{n:04d}.png")),
        refused(),
    ),
    case(
        "unbalanced quote",
        with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}" if n != 7 else f'"{n:04d}.png,{LABELS[n]}')),
        refused(),
    ),
    case(
        "200 columns",
        columns(
            [f"radiomics_{k}" for k in range(200)],
            *[lambda n, k=k: round((n * 37 + k) % 101 / 101, 4) for k in range(200)],
        ),
        used(TWO, says=("unused-columns",)),
    ),  # type: ignore[misc]
]

IMAGES = [
    case("without extension", labelled(lambda n: [f"{n:04d}", LABELS[n]]), used(TWO)),
    case("other extension", labelled(lambda n: [f"{n:04d}.dcm", LABELS[n]]), used(TWO, says=("names-differ",))),
    case("upper-case extension", labelled(lambda n: [f"{n:04d}.PNG", LABELS[n]]), used(TWO, says=("names-differ",))),
    case(
        "half in upper case",
        lambda: {
            **images("{:04d}.jpg", range(0, COUNT, 2)),
            **images("{:04d}.JPG", range(1, COUNT, 2)),
            "labels.csv": table(HEADER, [(f"{n:04d}.jpg", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, says=("names-differ",)),
    ),
    case("extension twice", labelled(lambda n: [f"{n:04d}.jpg", LABELS[n]], pattern="{:04d}.jpg.jpg"), used(TWO)),
    case(
        "full stop before the extension",
        labelled(lambda n: [f"{n:04d}..png", LABELS[n]], pattern="{:04d}..png"),
        used(TWO),
    ),
    case("absolute paths", labelled(lambda n: [f"/home/me/data/{n:04d}.png", LABELS[n]]), used(TWO)),
    case(
        "drive letters",
        labelled(lambda n: [rf"D:\Study\img\{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"),
        used(TWO),
    ),
    case("backslashes", labelled(lambda n: [rf"img\{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"), used(TWO)),
    case("dot slash", labelled(lambda n: [f"./img/{n:04d}.png", LABELS[n]], pattern="img/{:04d}.png"), used(TWO)),
    case("base names", labelled(pattern="img/{:04d}.png"), used(TWO)),
    case("addresses", labelled(lambda n: [f"https://example.org/a/{n:04d}.png", LABELS[n]]), used(TWO)),
    case(
        "addresses with a query",
        labelled(lambda n: [f"https://example.org/a/{n:04d}.png?size=large", LABELS[n]]),
        used(TWO),
    ),
    case(
        "NFD on disk",
        labelled(
            lambda n: [f"Säugling_{n:04d}.png", LABELS[n]], pattern=unicodedata.normalize("NFD", "Säugling_{:04d}.png")
        ),
        used(TWO),
    ),
    case("lost zeros", labelled(lambda n: [n, LABELS[n]], ("id", "class")), used(TWO, says=("names-differ",))),
    case("ids as floats", labelled(lambda n: [float(n), LABELS[n]], ("id", "class")), used(TWO)),
    case(
        "ids in scientific notation",
        labelled(lambda n: [f"{123450 + n:.2E}", LABELS[n]], ("id", "class"), pattern="{:06d}.png"),
        refused(),
    ),
    case(
        "many images of an id",
        lambda: {
            **images("P{:03d}_left.png", COUNT),
            **images("P{:03d}_right.png", COUNT),
            "labels.csv": table(("id", "class"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used({"benign": 24, "malignant": 28}, groups=COUNT),
    ),
    case(
        "two columns of images",
        lambda: {
            **images("a{:03d}.png", COUNT),
            **images("b{:03d}.png", COUNT),
            "labels.csv": table(
                ("left", "right", "class"), [(f"a{n:03d}.png", f"b{n:03d}.png", LABELS[n]) for n in range(COUNT)]
            ),
        },
        asked(TWO, says=("unlabelled-images",)),
    ),
    case(
        "a folder for each patient",
        lambda: {
            **images("P{:03d}/1.png", COUNT),
            **images("P{:03d}/2.png", COUNT),
            "patients.csv": table(("patient", "diagnosis"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used({"benign": 24, "malignant": 28}, groups=COUNT),
    ),
    case(
        "a folder for each patient below splits",
        lambda: {
            **images("train/P{:03d}/1.png", range(20)),
            **images("test/P{:03d}/1.png", range(20, COUNT)),
            "patients.csv": table(("patient", "diagnosis"), [(f"P{n:03d}", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, groups=COUNT, splits={"train": 20, "test": 6}),
    ),
    case(
        "patients in folders beside file names",
        lambda: {
            **images("P{:03d}/a.png", COUNT),
            "labels.csv": table(HEADER, [(f"P{n:03d}/a.png", LABELS[n]) for n in range(COUNT)]),
        },
        used(TWO, groups=COUNT),
    ),
    case(
        "splits in folders",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "labels.csv": table(HEADER, ROWS),
        },
        used(TWO, splits={"train": 20, "test": 6}, says=("splits-from-folders",)),
    ),
    case(
        "folds in folders",
        lambda: {
            **images("fold_0/{:04d}.png", range(0, COUNT, 2)),
            **images("fold_1/{:04d}.png", range(1, COUNT, 2)),
            "labels.csv": table(HEADER, ROWS),
        },
        asked(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "same names in two folders",
        lambda: {**images("a/{:04d}.png", COUNT), **images("b/{:04d}.png", COUNT), "labels.csv": table(HEADER, ROWS)},
        asked({"a": COUNT, "b": COUNT}, says=("ambiguous-rows",)),
    ),
    case(
        "path and id disagree",
        labelled(lambda n: [f"{n:04d}.png", f"{(n + 1) % COUNT:04d}", LABELS[n]], ("path", "image_id", "class")),
        used(TWO),
    ),
    case(
        "some files missing",
        labelled(lambda n: [f"{n if n < 20 else n + 500:04d}.png", LABELS[n]]),
        used({"benign": 12, "malignant": 8}, says=("missing-files", "unlabelled-images")),
    ),
    case("none of the files", labelled(lambda n: [f"scan{n:04d}.png", LABELS[n]]), refused()),
    case(
        "names of 255 bytes",
        labelled(lambda n: [f"{'x' * 240}_{n:010d}.png", LABELS[n]], pattern="x" * 240 + "_{:010d}.png"),
        used(TWO),
    ),
]


def probabilities() -> Tree:
    return labelled(lambda n: [f"{n:04d}.png", round(0.03 + n / 27, 3)], ("file", "malignancy"))()


def words(number: int) -> str:
    return f"lesion {number} with some scales seen by dermatologist {number % 7}"


MEANINGS = [
    case("integers", labelled(lambda n: [f"{n:04d}.png", int(n > 11)]), used(HALF)),
    case("floats", labelled(lambda n: [f"{n:04d}.png", float(n > 11)]), used(HALF)),
    case("filename and label", labelled(header=("filename", "label")), used(TWO)),
    case(
        "German",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("Datei", "Klasse", "Patient"), delimiter=";"),
        used(TWO, groups=13),
    ),
    case(
        "French",
        labelled(
            lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("fichier", "étiquette", "patient"), delimiter=";"
        ),
        used(TWO, groups=13),
    ),
    case(
        "Spanish",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("archivo", "clase", "paciente")),
        used(TWO, groups=13),
    ),
    case(
        "Chinese",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], f"P{n // 2}"], ("图像", "类别", "患者")),
        used(TWO, groups=13),
    ),
    case(
        "case and spaces",
        labelled(
            lambda n: [f"{n:04d}.png", ["benign", "Benign", "benign ", "BENIGN"][n % 4] if n < 12 else "malignant"]
        ),
        used({"benign": 12, "malignant": 14} | {}, says=("class-names-alike",)),
    ),
    case(
        "nan",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 3 else "nan"]),
        used({"benign": 8, "malignant": 9}, says=("empty-labels",)),
    ),
    case(
        "question marks",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 3 else "?"]),
        used({"benign": 8, "malignant": 9}, says=("empty-labels",)),
    ),
    case(
        "ungradable",
        labelled(lambda n: [f"{n:04d}.png", str(n % 3) if n % 5 else "ungradable"], ("file", "grade")),
        asked({"0": 7, "1": 7, "2": 6, "ungradable": 6}),
    ),
    case(
        "unknown",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n] if n % 5 else "unknown"]),
        asked({"benign": 9, "malignant": 11, "unknown": 6}),
    ),
    case("True and False", attribute([False, True]), used({"melanoma": 14}, kind="attributes")),
    case("yes and no", attribute(["no", "yes"]), used({"melanoma": 14}, kind="attributes")),
    case("-1 and 1", attribute([-1, 1]), used({"melanoma": 14}, kind="attributes")),
    case("0.0 and 1.0", attribute([0.0, 1.0]), used({"melanoma": 14}, kind="attributes")),
    case(
        "positive and negative",
        labelled(lambda n: [f"{n:04d}.png", ["negative", "positive"][n > 11]], ("file", "result")),
        used({"negative": 12, "positive": 14}),
    ),
    case(
        "one-hot",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(n > 11)], ("file", "MEL", "NV")),
        used({"MEL": 12, "NV": 14}),
    ),
    case(
        "one-hot floats",
        labelled(lambda n: [f"{n:04d}.png", float(n < 12), float(n > 11)], ("file", "MEL", "NV")),
        used({"MEL": 12, "NV": 14}),
    ),
    case(
        "one-hot with empty rows",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(12 <= n < 22)], ("file", "MEL", "NV")),
        asked({"MEL": 12, "NV": 10}, says=("empty-labels",)),
    ),
    case(
        "several ones in a row",
        labelled(lambda n: [f"{n:04d}.png", int(n < 12), int(n > 5)], ("file", "edema", "effusion")),
        used({"edema": 12, "effusion": 20}, kind="attributes"),
    ),
    case(
        "pipe",
        labelled(lambda n: [f"{n:04d}.png", ["No Finding", "edema", "edema|effusion"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "semicolon",
        labelled(lambda n: [f"{n:04d}.png", ["none", "edema", "edema;effusion"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "lists of Python",
        labelled(lambda n: [f"{n:04d}.png", ["[]", "['edema']", "['edema', 'effusion']"][n % 3]], ("file", "findings")),
        used({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "commas in a cell",
        labelled(lambda n: [f"{n:04d}.png", ["none", "edema", "edema, effusion"][n % 3]], ("file", "findings")),
        asked({"edema": 17, "effusion": 8}, kind="attributes"),
    ),
    case(
        "uncertain and empty",
        labelled(
            lambda n: [f"{n:04d}.png", *(["1.0", "", "-1.0", "0.0"][(n + k) % 4] for k in range(2))],
            ("file", "edema", "effusion"),
        ),
        asked({"edema": 7, "effusion": 6}, kind="attributes", says=("empty-labels", "uncertain-labels")),
    ),
    case(
        "empty attributes",
        labelled(lambda n: [f"{n:04d}.png", ["1", "", "0"][n % 3]], ("file", "edema")),
        asked({"edema": 9}, kind="attributes", says=("empty-labels",)),
    ),
    case(
        "a class in each of two rows",
        lambda: {
            **images("{:04d}.png", 13),
            "labels.csv": table(HEADER, [(f"{n // 2:04d}.png", CLASSES[n % 2]) for n in range(COUNT)]),
        },
        asked({"benign": 13, "malignant": 13}, kind="attributes"),
    ),
    case(
        "the same row twice",
        lambda: {**images("{:04d}.png", COUNT), "labels.csv": table(HEADER, [*ROWS, *ROWS[:5]])},
        used(TWO, says=("repeated-rows",)),
    ),
    case("probabilities", probabilities, refused()),
    case("ages", labelled(lambda n: [f"{n:04d}.png", 20 + n * 2], ("file", "age")), refused()),
    case("free text", labelled(lambda n: [f"{n:04d}.png", words(n)], ("file", "diagnosis")), asked({})),
    case("two class columns", columns(["grade"], lambda n: n % 3), used(TWO, says=("unused-columns",))),
    case(
        "two plausible columns",
        labelled(
            lambda n: [f"{n:04d}.png", ["red", "blue"][n % 2], ["round", "long"][n > 11]], ("file", "colour", "shape")
        ),
        asked({"red": 13, "blue": 13}),
    ),
    case(
        "a number and its name",
        labelled(lambda n: [f"{n:04d}.png", int(n > 11), LABELS[n]], ("file", "label", "label_name")),
        used(TWO),
    ),
    case(
        "clinical columns",
        labelled(
            lambda n: [f"{n:04d}.png", 30 + n, "MF"[n % 2], LABELS[n], "camera A"],
            ("image", "age", "sex", "dx", "device"),
        ),
        used(TWO, says=("unused-columns",)),
    ),
    case(
        "columns named like options",
        columns(["drop", "rename", "levels", "root"], lambda n: n % 2, lambda n: "x", lambda n: "y", lambda n: ""),
        used(TWO),
    ),
]

GROUPS_AND_SPLITS = [
    case("patient", columns(["patient"], lambda n: f"P{n // 4}"), used(TWO, groups=7)),
    case("MRN", columns(["MRN"], lambda n: 10_000 + n // 2), used(TWO, groups=13)),
    case(
        "patient and lesion",
        columns(["lesion_id", "patient_id"], lambda n: f"L{n // 2}", lambda n: f"P{n // 4}"),
        used(TWO, groups=7),
    ),
    case("dates as groups", columns(["group"], lambda n: f"2021-03-{1 + n // 2:02d}"), used(TWO, groups=13)),
    case("sessions by date", columns(["session"], lambda n: f"2021-03-{1 + n // 2:02d}"), used(TWO, groups=13)),
    case(
        "integers and floats",
        columns(["group"], lambda n: f"{n // 6}" if n % 3 else f"{n // 6}.0"),
        used(TWO, groups=5),
    ),
    case("sometimes empty", columns(["group"], lambda n: f"P{n // 4}" if n % 3 else ""), used(TWO, groups=7)),
    case(
        "numeric patients that are 0 and 1",
        labelled(lambda n: [f"{n:04d}.png", int(n > 11), n % 2], ("file", "effusion", "patient")),
        used({"effusion": 14}, groups=2, kind="attributes"),
    ),
    case(
        "split words",
        columns(["split"], lambda n: ["Train", "Train", "Validation", "Test"][n % 4]),
        used(TWO, splits={"train": 14, "val": 6, "test": 6}),
    ),
    case("split numbers", columns(["split"], lambda n: n % 3), asked(TWO, splits={"train": 9, "val": 9, "test": 8})),
    case("folds", columns(["fold"], lambda n: n % 5), asked(TWO, splits={"train": 21, "test": 5})),
    case(
        "a flag for the test set",
        columns(["is_test"], lambda n: int(n % 4 == 0)),
        used(TWO, splits={"train": 19, "test": 7}),
    ),
    case(
        "a table for each split",
        lambda: {
            **images("img/{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[::2]),
            "test.csv": table(HEADER, ROWS[1::2]),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "a table in each split",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "train/labels.csv": table(HEADER, ROWS[:20]),
            "test/labels.csv": table(HEADER, ROWS[20:]),
        },
        used(TWO, splits={"train": 20, "test": 6}),
    ),
    case(
        "tables with other columns",
        lambda: {
            **images("img/{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[::2]),
            "test.csv": table((*HEADER, "site"), [(*row, "A") for row in ROWS[1::2]]),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "a test table without labels",
        lambda: {
            **images("{:04d}.png", COUNT),
            "train.csv": table(HEADER, ROWS[:20]),
            "test.csv": table(("file",), [row[:1] for row in ROWS[20:]]),
        },
        used({"benign": 12, "malignant": 8}, says=("unlabelled-images",)),
    ),
    case(
        "a sample submission",
        lambda: {
            **images("train/{:04d}.png", range(20)),
            **images("test/{:04d}.png", range(20, COUNT)),
            "train.csv": table(HEADER, ROWS[:20]),
            "sample_submission.csv": table(HEADER, [(name, "benign") for name, _ in ROWS[20:]]),
        },
        used({"benign": 12, "malignant": 8}, splits={"train": 20}, says=("unlabelled-images",)),
    ),
    case(
        "two tables of the same images",
        lambda: {
            **images("{:04d}.png", COUNT),
            "first.csv": table(HEADER, ROWS),
            "second.csv": table(HEADER, [(name, ["x", "y"][n % 2]) for n, (name, _) in enumerate(ROWS)]),
        },
        asked(TWO),
    ),
    case(
        "patients in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.csv": table(HEADER, ROWS),
            "patients.csv": table(("image", "patient"), [(name, f"P{n // 2}") for n, (name, _) in enumerate(ROWS)]),
        },
        used(TWO, groups=13),
    ),
    case(
        "splits in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.csv": table(HEADER, ROWS),
            "splits.csv": table(
                ("file", "split"), [(name, ["train", "test"][n % 2]) for n, (name, _) in enumerate(ROWS)]
            ),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "labels by patient in a second table",
        lambda: {
            **images("{:04d}.png", COUNT),
            "images.csv": table(("file", "patient_id"), [(name, f"P{n // 2}") for n, (name, _) in enumerate(ROWS)]),
            "patients.csv": table(
                ("patient_id", "diagnosis", "age"), [(f"P{n}", CLASSES[n > 5], 40 + n) for n in range(13)]
            ),
        },
        used(TWO, groups=13),
    ),
    case(
        "class folders and a table of patients",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "patients.csv": table(
                ("file", "patient"),
                [(f"{CLASSES[n > 11]}/{n - 12 * (n > 11):04d}.png", f"P{n // 2}") for n in range(COUNT)],
            ),
        },
        used(TWO, groups=13),
    ),
    case(
        "class folders and a table of splits",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", range(20, 34)),
            "splits.csv": table(
                ("file", "split"), [(f"{n:04d}.png", ["train", "test"][n % 2]) for n in [*range(12), *range(20, 34)]]
            ),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "class folders and lists of splits",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "train.txt": b"".join(f"benign/{n:04d}.png\nmalignant/{n:04d}.png\n".encode() for n in range(10)),
            "test.txt": b"benign/0010.png\nbenign/0011.png\n"
            + b"".join(f"malignant/{n:04d}.png\n".encode() for n in range(10, 14)),
        },
        used(TWO, splits={"train": 20, "test": 6}),
    ),
    case(
        "class folders and the same labels in a table",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(
                HEADER, [(f"{name}/{n:04d}.png", name) for name, count in TWO.items() for n in range(count)]
            ),
        },
        used(TWO),
    ),
    case(
        "class folders and other labels in a table",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(
                HEADER,
                [(f"{name}/{n:04d}.png", ["x", "y"][n % 2]) for name, count in TWO.items() for n in range(count)],
            ),
        },
        asked({"x": 13, "y": 13}),
    ),
    case(
        "class folders and a table of other images",
        lambda: {
            **images("benign/{:04d}.png", 12),
            **images("malignant/{:04d}.png", 14),
            "labels.csv": table(HEADER, [(f"other{n}.png", "x") for n in range(9)]),
        },
        asked(TWO, says=("table-without-labels",)),
    ),
]


def folded(fold: int, test: bool) -> bytes:
    return table(HEADER, [row for number, row in enumerate(ROWS) if (number % 3 == fold) == test])


BESIDE_OTHERS = [
    case(
        "a summary of prefixes",
        lambda: {**images("benign_{}.png", 12), **images("malignant_{}.png", 14), "summary.csv": SUMMARY},
        asked(TWO),
    ),
    case("a summary of class folders", lambda: {**two_classes(), "summary.csv": SUMMARY}, used(TWO)),
    case(
        "a table for the training and test part of each fold",
        lambda: {
            **images("{:04d}.png", COUNT),
            **{
                f"fold{fold}_{name}.csv": folded(fold, name == "test")
                for fold in range(3)
                for name in ("train", "test")
            },
        },
        asked({"benign": 12, "malignant": 14}),
    ),
    case(
        "a table in each class folder",
        lambda: {
            **two_classes(),
            "benign/labels.csv": table(HEADER, [(f"img{n:03d}.png", "benign") for n in range(12)]),
            "malignant/labels.csv": table(HEADER, [(f"img{n:03d}.png", "malignant") for n in range(14)]),
        },
        used(TWO),
    ),
    case(
        "numbers of patients that lost their zeros",
        lambda: {
            **images("{}.png", [f"{n // 2:04d}_{n % 2}" for n in range(COUNT)]),
            "patients.csv": table(("patient", "diagnosis"), [(n, CLASSES[n > 5]) for n in range(13)]),
        },
        used(TWO, groups=13),
    ),
    case(
        "a list of files with 0 and 1",
        with_text("".join(f"{n:04d}.png {int(n > 11)}\n" for n in range(COUNT)), name="list.txt"),
        used(HALF),
    ),
    case(
        "what two readers say",
        labelled(lambda n: [f"{n:04d}.png", LABELS[n], LABELS[(n + 1) % COUNT]], ("image", "reader_1", "reader_2")),
        asked(TWO),
    ),
    case(
        "image quality beside grades",
        labelled(lambda n: [f"{n:04d}.png", ["good", "bad"][n % 2], n % 3], ("image", "quality", "grade")),
        used({"0": 9, "1": 9, "2": 8}),
    ),
]


@pytest.mark.parametrize("case", each(*WRITTEN))
def test_a_table_is_read_however_it_is_written(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*IMAGES))
def test_a_table_finds_its_images(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*MEANINGS))
def test_cells_mean_what_people_mean(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*GROUPS_AND_SPLITS))
def test_groups_and_splits_are_found_in_tables(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*BESIDE_OTHERS))
def test_a_table_of_something_else_is_not_taken_for_labels(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
