"""Reading damaged and forged arrays: our own error, whatever NumPy raises."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from gan.errors import DamagedFileError
from gan.io.image_errors import UNREADABLE
from gan.io.untrusted_files import bounded_lines, is_link, map_array, read_array, read_arrays, read_bytes

HEADERS = {
    "an open bracket": b"{'descr': '<u4', 'fortran_order': False, 'shape': (12,",
    "an invalid number": b"{'descr': '<u4', 'fortran_order': False, 'shape': (5U,), }",
    "indentation": b"{'descr': '<u4'}\n  x\n y",
    "a shape of text": b"{'descr': '<u4', 'fortran_order': False, 'shape': ('x',), }",
    "more than the memory": b"{'descr': '<u4', 'fortran_order': False, 'shape': (1152921504606846976,), }",
    "a type that there is not": b"{'descr': '<q9', 'fortran_order': False, 'shape': (12,), }",
}


def npy(header: bytes) -> bytes:
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(48)


def test_whole_arrays_are_read(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.uint32)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", first=array, second=array[:2])
    assert read_array(tmp_path / "a.npy").tolist() == map_array(tmp_path / "a.npy").tolist() == array.tolist()
    assert {name: len(part) for name, part in read_arrays(tmp_path / "a.npz").items()} == {"first": 12, "second": 2}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_damaged_array_is_a_damaged_file(header: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(npy(header))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", npy(header))
    for read, name in ((read_array, "a.npy"), (map_array, "a.npy"), (read_arrays, "a.npz")):
        with pytest.raises(DamagedFileError, match=rf"{name} is damaged"):
            read(tmp_path / name)
    with open(tmp_path / "a.npy", "rb") as file, pytest.raises(UNREADABLE):
        np.lib.format.read_array(file, allow_pickle=False)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 11)
    assert len(read_bytes(tmp_path / "a", 11)) == 11
    with pytest.raises(DamagedFileError, match="more than 10 bytes"):
        read_bytes(tmp_path / "a", 10)
    np.savez(tmp_path / "a.npz", a=np.zeros(1000))
    with pytest.raises(DamagedFileError, match="unpacks to more than 1,000 bytes"):
        read_arrays(tmp_path / "a.npz", 1000)


def test_a_run_may_be_a_link_and_nothing_below_it(store: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "samples").mkdir(parents=True)
    store.mkdir()
    (store / "run").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "linked").symlink_to(tmp_path)
    assert not is_link(store / "run" / "samples")
    assert is_link(store / "run" / "linked")
    assert is_link(store / "run" / "linked" / "file")


def test_a_line_that_is_too_long_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\n" + b"x" * (3 * 2**20) + b"\n2\n3")
    with open(tmp_path / "a", "rb") as file:
        assert list(bounded_lines(file)) == [b"1\n", b"2\n", b"3"]
