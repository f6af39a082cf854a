"""A folder with tables as a Listing whose images are names only."""

from collections.abc import Sequence
from pathlib import Path

from gan.data.ingest.files.listing import Listing


def write_tables(root: Path, images: Sequence[str], **tables: Sequence[Sequence[object]]) -> Listing:
    """The listing of `images` and of CSV tables: `train=[header, *rows]` is train.csv, `a__b` is a/b.csv."""
    names = []
    for name, rows in tables.items():
        path = root / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
        names.append(path.relative_to(root).as_posix())
    return Listing(root, tuple(sorted(images)), tuple(sorted(names)), {}, ())


def numbered(count: int, form: str = "{:03d}.png") -> list[str]:
    return [form.format(number) for number in range(count)]
