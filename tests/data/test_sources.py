"""The distributed sets: files as they lie, checksums, damage named, caches that are whole or absent."""

import gzip
import os
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.image_set import SPLITS
from gan.data.sources import celeba, download, medmnist, mnist
from gan.data.sources.download import file_md5
from gan.errors import DataError
from tests.support.celeba import write_celeba
from tests.support.medmnist import write_medmnist


def config(**values: object) -> DataConfig:
    return DataConfig.model_validate(values)


def write_mnist(folder: Path, zipped: bool) -> dict[str, np.ndarray]:
    """Small idx files of the official names: 60 training and 20 test images."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    arrays = {}
    for name, count in (("train", 60), ("t10k", 20)):
        arrays[f"{name}-images-idx3-ubyte"] = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"{name}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    for name, values in arrays.items():
        head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
        content = head + values.tobytes()
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    return arrays


def test_digits_have_every_class_in_every_split() -> None:
    digits = registry.load_image_set(config(name="digits"))
    assert digits.images.shape == (1797, 1, 32, 32)
    assert all(min(digits.counts()[split].values()) >= 17 for split in SPLITS)
    assert digits.native_size == 32


@pytest.mark.parametrize("zipped", [True, False])
def test_mnist_is_padded_and_split(zipped: bool) -> None:
    arrays = write_mnist(settings.public_data() / "mnist", zipped)
    images = registry.load_image_set(config(name="mnist"))
    assert images.images.shape == (80, 1, 32, 32)
    assert images.native_size == 28
    assert (images.images[:60, 0, 2:30, 2:30] == arrays["train-images-idx3-ubyte"]).all()
    assert (images.images[:, 0, 0] == images.images[:, 0, 2]).all()  # the edge repeated
    assert (images.rows("test") == np.arange(60, 80)).all()
    assert len(images.rows("val")) == 10  # one of each digit at least
    assert len(images.notices) == 4  # these are not the published files
    assert "train-images-idx3-ubyte" in images.notices[0]


def test_damaged_mnist_is_named() -> None:
    folder = settings.public_data() / "mnist"
    write_mnist(folder, zipped=False)
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is damaged"):
        registry.load_image_set(config(name="mnist"))
    path.unlink()
    assert "t10k-images-idx3-ubyte.gz missing" in str(registry.problem(config(name="mnist")))
    assert registry.cached_image_set(config(name="mnist")) is None


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which a server of this test serves it."""
    folder = tmp_path / "served"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


def test_downloads_are_checked(mirror: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    served, address = mirror
    write_mnist(served, zipped=True)
    monkeypatch.setattr(mnist, "MIRRORS", (address,))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz could not be downloaded.*put it into"):
        registry.load_image_set(config(name="mnist"))
    assert not list((settings.public_data() / "mnist").iterdir())  # never to be taken for a local copy
    right = {name: (file_md5(served / f"{name}.gz"), "") for name in mnist.FILES}
    monkeypatch.setattr(mnist, "FILES", right)
    assert len(registry.load_image_set(config(name="mnist"))) == 80


def test_downloads_go_to_the_store_where_the_shared_folder_is_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_DATA", "/proc/data")  # read-only even for root
    assert download.download_folder("mnist") == settings.store() / ".data" / "downloads" / "mnist"


@pytest.mark.parametrize(("flag", "side", "native"), [("breastmnist", 28, 28), ("bloodmnist", 64, 32)])
def test_medmnist(flag: str, side: int, native: int) -> None:
    colour = flag == "bloodmnist"
    write_medmnist(flag, side, colour, classes=8 if colour else 2)
    images = registry.load_image_set(config(name="medmnist", flag=flag, medmnist_size=side, image_size=32))
    assert images.images.shape == (52, 3 if colour else 1, 32, 32)
    assert images.native_size == native
    assert images.kind == "class"
    assert len(images.rows("test")) == 12
    assert "differs from the published file" in images.notices[0]
    assert images.names == (("malignant", "normal, benign") if not colour else images.names)


def test_multi_label_medmnist_has_attributes() -> None:
    write_medmnist("chestmnist", labels=14)
    images = registry.load_image_set(config(name="medmnist", flag="chestmnist"))
    assert images.kind == "attributes"
    assert images.names[:2] == ("atelectasis", "cardiomegaly")
    assert images.conditions.sum(axis=1).max() > 1


def test_medmnist_refusals_help() -> None:
    assert "Did you mean breastmnist" in str(registry.problem(config(name="medmnist", flag="brestmnist")))
    assert "volumes" in str(registry.problem(config(name="medmnist", flag="organmnist3d")))
    assert len(medmnist.flags()) == 12
    path = write_medmnist("breastmnist")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"breastmnist\.npz is damaged"):
        registry.load_image_set(config(name="medmnist"))
    with pytest.raises(DataError, match=r"breastmnist\.npz is damaged"):
        registry.preview(config(name="medmnist"))
    assert not list(settings.cache().glob("medmnist-*/images.npy"))  # whole or not at all


def test_every_published_file_has_a_url_and_a_checksum() -> None:
    for flag in medmnist.flags():
        for size in (28, 64, 128):
            url, md5 = medmnist.published_file(config(name="medmnist", flag=flag, medmnist_size=size))
            assert url.startswith("https://")
            assert len(md5) == 32


@pytest.mark.parametrize("zipped", [True, False])
def test_celeba(zipped: bool) -> None:
    write_celeba(settings.public_data(), 20, zipped)
    phases: list[str] = []
    images = registry.load_image_set(config(name="celeba"), lambda phase, done: phases.append(phase))
    assert images.images.shape == (20, 3, 64, 64)
    assert isinstance(images.images, np.memmap)
    assert (images.kind, images.names) == ("attributes", celeba.ATTRIBUTES)
    assert [len(images.rows(split)) for split in SPLITS] == [16, 2, 2]
    assert "Decoding images" in phases
    assert "non-commercial" in images.licence
    files = sorted(settings.cache().glob("celeba-*/images.npy"))
    some = registry.load_image_set(config(name="celeba", attributes=["Smiling", "Male"]))
    assert some.names == ("Male", "Smiling")
    assert (some.conditions == images.conditions[:, [20, 31]]).all()
    assert sorted(settings.cache().glob("celeba-*/images.npy")) == files  # decoded once for every choice


def test_partial_celeba_is_named_file_by_file() -> None:
    folder = write_celeba(settings.public_data(), 10)
    (folder / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of CelebA's 10 images are missing .*: 000003\.jpg"):
        registry.load_image_set(config(name="celeba"))
    (folder / "img_align_celeba" / "000003.jpg").write_bytes(b"\xff\xd8 no picture")
    with pytest.raises(DataError, match=r"damaged: 000003\.jpg \("):
        registry.load_image_set(config(name="celeba"))
    assert not list(settings.cache().glob("celeba-*/images.npy"))
    attributes = folder / "list_attr_celeba.txt"
    lines = attributes.read_text().splitlines()
    attributes.write_text("\n".join([*lines[:5], lines[5].replace(" 1", " 2"), *lines[6:]]))
    with pytest.raises(DataError, match=r"Line 6 of .*list_attr_celeba\.txt"):
        registry.load_image_set(config(name="celeba"))
    attributes.unlink()
    problem = str(registry.problem(config(name="celeba")))
    assert "list_attr_celeba.txt missing" in problem
    assert "list_eval_partition.txt missing" not in problem


def test_unknown_attribute_is_refused() -> None:
    assert "Did you mean Smiling" in str(registry.problem(config(name="celeba", attributes=["Smilling"])))


def test_refused_download_says_what_to_put_where(monkeypatch: pytest.MonkeyPatch) -> None:
    from gdown.exceptions import FileURLRetrievalError
    from torchvision.datasets import utils

    def quota(*arguments: object) -> None:  # what gdown raises when too many people fetched the file
        raise FileURLRetrievalError("Too many users have viewed or downloaded this file recently.")

    monkeypatch.setattr(utils, "download_file_from_google_drive", quota)
    with pytest.raises(DataError, match=r"Too many users.*list_eval_partition\.txt .*put them into .*celeba"):
        registry.load_image_set(config(name="celeba"))


def test_preview_is_real_images_and_builds_no_cache() -> None:
    write_celeba(settings.public_data(), 20, zipped=True)
    write_medmnist("breastmnist")
    for chosen in (config(name="celeba"), config(name="medmnist"), config(name="digits")):
        before, labels = registry.preview(chosen, 6)
        assert len(before) == len(labels) == 6
        assert registry.cached_image_set(chosen) is None
        assert before.shape[1:] == registry.load_image_set(chosen).images.shape[1:]
        assert len(registry.preview(chosen, 6)[1]) == 6
    with pytest.raises(DataError, match="not on this machine yet"):
        registry.preview(config(name="mnist"))


def test_cache_follows_its_files() -> None:
    path = write_medmnist("breastmnist")
    first = registry.load_image_set(config(name="medmnist")).images[:].copy()
    with np.load(path) as old:
        arrays = dict(old)
    np.savez_compressed(path, **(arrays | {"train_images": 255 - arrays["train_images"]}))
    os.utime(path, ns=(1, 1))
    assert registry.cached_image_set(config(name="medmnist")) is None
    assert (registry.load_image_set(config(name="medmnist")).images[:30] == 255 - first[:30]).all()


def test_interrupted_reading_leaves_nothing() -> None:
    write_celeba(settings.public_data(), 10)

    def stop(phase: str, done: float) -> None:
        if phase == "Decoding images":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.load_image_set(config(name="celeba"), stop)
    assert not list(settings.cache().glob("celeba-*/"))
    assert len(registry.load_image_set(config(name="celeba"))) == 10


def test_catalogue_lists_every_set() -> None:
    write_medmnist("breastmnist")
    found = {entry.slug: entry for entry in catalogue.entries()}
    assert {"digits", "mnist", "celeba", "medmnist-breastmnist"} <= set(found)
    assert len([slug for slug in found if slug.startswith("medmnist-")]) == 12
    assert found["digits"].local
    assert not found["digits"].ready
    assert found["medmnist-breastmnist"].local
    assert not found["medmnist-pathmnist"].local
    with pytest.raises(DataError, match="no data set nothing"):
        catalogue.find_entry("nothing")


def test_reading_imports_no_torch() -> None:
    write_medmnist("breastmnist")
    write_celeba(settings.public_data(), 5)
    program = (
        "import sys; from gan.config.run_config import DataConfig\n"
        "from gan.data import catalogue, registry\n"
        "from gan.data.ingest import accepted_sets\n"
        "for name in ('digits', 'medmnist', 'celeba'):\n"
        "    registry.load_image_set(DataConfig.model_validate({'name': name}))\n"
        "catalogue.entries(); assert 'torch' not in sys.modules and 'medmnist' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=settings.ROOT)


def test_zip_with_a_damaged_member_is_named() -> None:
    folder = write_celeba(settings.public_data(), 6, zipped=True)
    path = folder / "img_align_celeba.zip"
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("img_align_celeba/000002.jpg").header_offset + 200
    content = bytearray(path.read_bytes())
    content[start : start + 50] = bytes(50)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged: 000002\.jpg"):
        registry.load_image_set(config(name="celeba"))
