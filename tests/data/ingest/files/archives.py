"""Archives as other programs write them."""

import io
import tarfile
import zipfile
from collections.abc import Iterable


def zip_with_names(files: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A ZIP whose names are these bytes, not marked as UTF-8."""
    names = {}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, (name, content) in enumerate(files):
            placeholder = f"{number:03d}".ljust(len(name), "@")
            names[placeholder.encode()] = name
            archive.writestr(placeholder, content)
    content = file.getvalue()
    for placeholder_bytes, name in names.items():
        content = content.replace(placeholder_bytes, name)
    return content


def tar_of(files: dict[str, bytes], compression: str = "gz") -> bytes:
    """A tar with these files; compression gz, bz2, xz or none."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_member(name: str, kind: bytes, target: str = "") -> bytes:
    """A tar with one image and one member of this type."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a/1.png")
        archive.addfile(info)
        special = tarfile.TarInfo(name)
        special.type, special.linkname = kind, target
        archive.addfile(special)
    return file.getvalue()
