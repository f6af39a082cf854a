"""Public sets and export formats as they unpack, in small."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.cases.expected import Case, asked, case, each, file_case, observed, refused, used
from tests.data.cases.pictures import grey, saved
from tests.data.cases.trees import TWO, Tree, images, json_bytes, table, two_classes, zip_of

DX = ["nv"] * 12 + ["mel"] * 10 + ["bkl"] * 8
SKIN = {"nv": 12, "mel": 10, "bkl": 8}


def ham10000(metadata: str = "HAM10000_metadata.csv") -> Tree:
    """30 images in two parts, two of each lesion."""
    rows = [[f"HAM_{number // 2:07d}", f"ISIC_{number:07d}", dx, "histo", 45.0, "male"] for number, dx in enumerate(DX)]
    return {
        **images("HAM10000_images_part_1/ISIC_{:07d}.jpg", range(15)),
        **images("HAM10000_images_part_2/ISIC_{:07d}.jpg", range(15, 30)),
        metadata: table(["lesion_id", "image_id", "dx", "dx_type", "age", "sex"], rows),
    }


def one_hot_of(names: list[str], order: list[str]) -> list[list[float]]:
    return [[float(name == other) for other in order] for name in names]


def isic_2019(metadata: bool = False) -> Tree:
    rows = [[f"ISIC_{number:07d}", *row] for number, row in enumerate(one_hot_of(DX, ["mel", "nv", "bkl"]))]
    lesions = [[f"ISIC_{number:07d}", 50, "female", f"IL_{number // 2}"] for number in range(30)]
    tree = {
        **images("ISIC_2019_Training_Input/ISIC_{:07d}.jpg", 30),
        "ISIC_2019_Training_GroundTruth.csv": table(["image", "MEL", "NV", "BKL"], rows),
    }
    if metadata:
        tree["ISIC_2019_Training_Metadata.csv"] = table(["image", "age_approx", "sex", "lesion_id"], lesions)
    return tree


def isic_2020() -> Tree:
    rows = [
        [f"ISIC_{n}", f"IP_{n // 3}", "female", 45, ["benign", "malignant"][n % 3 == 0], int(n % 3 == 0)]
        for n in range(30)
    ]
    header = ["image_name", "patient_id", "sex", "age_approx", "benign_malignant", "target"]
    return {**images("train/ISIC_{}.jpg", 30), "train.csv": table(header, rows)}


def aptos() -> Tree:
    return {
        **images("train_images/{:012x}.png", 30),
        **images("test_images/{:012x}.png", range(100, 108)),
        "train.csv": table(
            ["id_code", "diagnosis"], [[f"{n:012x}", [0, 1, 2][(n > 11) + (n > 21)]] for n in range(30)]
        ),
        "test.csv": table(["id_code"], [[f"{n:012x}"] for n in range(100, 108)]),
    }


def eyepacs() -> Tree:
    names = [f"{10 + n // 2}_{['left', 'right'][n % 2]}" for n in range(30)]
    return {
        **images("train/{}.jpeg", names),
        "trainLabels.csv": table(["image", "level"], [[name, n // 16] for n, name in enumerate(names)]),
    }


def chest_xray14() -> Tree:
    names = [f"{1 + n // 2:08d}_{n % 2:03d}.png" for n in range(30)]
    labels = ["No Finding"] * 12 + ["Effusion"] * 10 + ["Cardiomegaly|Effusion"] * 8
    rows = [
        [name, label, n % 2, 1 + n // 2, 58, "M"] for n, (name, label) in enumerate(zip(names, labels, strict=True))
    ]
    return {
        **images("images_001/images/{}", names[:16]),
        **images("images_002/images/{}", names[16:]),
        "Data_Entry_2017.csv": table(
            ["Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Age", "Sex"], rows
        ),
        "train_val_list.txt": "\n".join(names[:20]).encode(),
        "test_list.txt": "\n".join(names[20:]).encode(),
    }


def chexpert() -> Tree:
    """20 + 4 images; Cardiomegaly is positive, uncertain, negative and empty in turn, Edema the same one row later."""
    values = ["1.0", "-1.0", "0.0", ""]
    tree: Tree = {}
    for split, count, first in (("train", 20, 1), ("valid", 4, 64541)):
        paths = [
            f"CheXpert-v1.0-small/{split}/patient{first + n // 2:05d}/study1/view{n % 2}_frontal.jpg"
            for n in range(count)
        ]
        tree |= images("{}", paths)
        rows = [
            [path, "Female", 68, "Frontal", "AP", values[n % 4], values[(n + 1) % 4]] for n, path in enumerate(paths)
        ]
        header = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", "Cardiomegaly", "Edema"]
        tree[f"CheXpert-v1.0-small/{split}.csv"] = table(header, rows)
    return tree


def mura() -> Tree:
    paths = [
        f"MURA-v1.1/{split}/XR_{part}/patient{first + n:05d}/study1_{['negative', 'positive'][n % 3 == 0]}/image1.png"
        for split, count, first in (("train", 9, 0), ("valid", 3, 900))
        for part in ("ELBOW", "HAND")
        for n in range(count)
    ]
    return images("{}", paths)


def breakhis() -> Tree:
    paths = [
        f"BreaKHis_v1/histology_slides/breast/{name}/SOB/{kind}/SOB_{code}_14-{slide}AB/{zoom}X/SOB_{code}-14-{slide}AB-{zoom}-{n:03d}.png"
        for name, kind, code, slides in (("benign", "adenosis", "B_A", 3), ("malignant", "ductal_carcinoma", "M_DC", 4))
        for slide in range(22549, 22549 + slides)
        for zoom in (40, 100)
        for n in (1, 2)
    ]
    return images("{}", paths)


def kvasir_seg() -> Tree:
    return {**images("Kvasir-SEG/images/cju{}.jpg", 20), **images("Kvasir-SEG/masks/cju{}.jpg", 20)}


def busi() -> Tree:
    tree: Tree = {}
    for name, count in (("benign", 12), ("malignant", 10), ("normal", 8)):
        tree |= images(f"Dataset_BUSI_with_GT/{name}/{name} ({{}}).png", range(1, count + 1))
        tree |= images(f"Dataset_BUSI_with_GT/{name}/{name} ({{}})_mask.png", range(1, count + 1))
        tree |= images(f"Dataset_BUSI_with_GT/{name}/{name} (1)_mask_{{}}.png", [1])
    return tree


def deepzoom() -> Tree:
    names = [
        f"slide{slide}_files/{zoom}/{n // 3}_{n % 3}.jpeg" for slide in range(2) for zoom in (10, 11) for n in range(6)
    ]
    return {**images("{}", names), "slide0.dzi": b"<Image/>", "slide1.dzi": b"<Image/>"}


def chest_xray() -> Tree:
    """With the copy of itself and the __MACOSX folder that its ZIP has."""
    inner = {
        path: content
        for split, counts in (("train", (12, 14)), ("val", (2, 2)), ("test", (4, 4)))
        for path, content in two_classes(f"chest_xray/{split}/{{}}/IM-{{:04d}}-0001.jpeg", counts).items()
    }
    copy = {f"chest_xray/{path}": content for path, content in inner.items()}
    return {
        **inner,
        **copy,
        "chest_xray/__MACOSX/._train.jpeg": b"\0\5\x16\7",
        "chest_xray/train/.DS_Store": b"\0\0\0\1Bud1",
    }


def roboflow(splits: tuple[tuple[str, int], ...] = (("train", 12), ("valid", 4), ("test", 4))) -> Tree:
    """The names of sources repeat in every split and class."""
    return {
        path: content
        for split, count in splits
        for path, content in two_classes(f"{split}/{{}}/a{{}}_jpg.rf.{split}0f.jpg", (count, count)).items()
    }


def roboflow_classes() -> Tree:
    tree: Tree = {}
    for split, count in (("train", 20), ("valid", 6)):
        names = [f"a{n // 2}_jpg.rf.{split}{n:04x}.jpg" for n in range(count)]
        tree |= images(f"{split}/{{}}", names)
        tree[f"{split}/_classes.csv"] = table(
            ["filename", " benign", " malignant"],
            [[name, int(n % 4 == 0), int(n % 4 > 0)] for n, name in enumerate(names)],
        )
    return tree


def yolo() -> Tree:
    tree: Tree = {"data.yaml": b"names: [a, b]\n"}
    for split, count in (("train", 16), ("valid", 6)):
        tree |= images(f"{split}/images/{{}}.jpg", count)
        tree |= {f"{split}/labels/{n}.txt": b"0 .5 .5 .2 .2\n" for n in range(count)}
    return tree


def coco(categories: bool = False) -> Tree:
    boxes = {
        "images": [{"id": n, "file_name": f"{n:012d}.jpg"} for n in range(16)],
        "annotations": [
            {"id": n, "image_id": n, "category_id": n // 10, **({} if categories else {"bbox": [1, 2, 3, 4]})}
            for n in range(16)
        ],
        "categories": [{"id": 0, "name": "cell"}, {"id": 1, "name": "mitosis"}],
    }
    return {**images("train2017/{:012d}.jpg", 16), "annotations/instances_train2017.json": json_bytes(boxes)}


def pascal_voc() -> Tree:
    palette = saved(Image.fromarray(grey("mask")).quantize(4), "png")
    return {
        **images("VOC2012/JPEGImages/2007_{:06d}.jpg", 16),
        **{
            f"VOC2012/Annotations/2007_{n:06d}.xml": b"<annotation><object><name>cat</name></object></annotation>"
            for n in range(16)
        },
        **{f"VOC2012/SegmentationClass/2007_{n:06d}.png": palette for n in range(8)},
        "VOC2012/ImageSets/Main/train.txt": "\n".join(f"2007_{n:06d}" for n in range(12)).encode(),
        "VOC2012/ImageSets/Main/val.txt": "\n".join(f"2007_{n:06d}" for n in range(12, 16)).encode(),
    }


CITIES = (("train", "aachen"), ("train", "bremen"), ("train", "ulm"), ("val", "munster"), ("val", "lindau"))


def cityscapes() -> Tree:
    names = [f"{split}/{city}/{city}_{n:06d}" for split, city in CITIES for n in range(8)]
    return {**images("leftImg8bit/{}_leftImg8bit.png", names), **images("gtFine/{}_gtFine_labelIds.png", names)}


def drive() -> Tree:
    return {
        **images("training/images/{}_training.tif", range(21, 33)),
        **images("training/1st_manual/{}_manual1.gif", range(21, 33)),
        **images("training/mask/{}_training_mask.gif", range(21, 33)),
        **images("test/images/{:02d}_test.tif", range(1, 9)),
        **images("test/mask/{:02d}_test_mask.gif", range(1, 9)),
    }


def seg_train() -> Tree:
    counts = (("train", (12, 14)), ("test", (6, 8)))
    return {p: c for split, n in counts for p, c in two_classes(f"seg_{split}/seg_{split}/{{}}/{{}}.jpg", n).items()}


def folds() -> Tree:
    return {
        p: c for fold in range(3) for p, c in two_classes(f"fold_{fold}/{{}}/UID_{fold}_{{}}.bmp", (12, 14)).items()
    }


def stylegan() -> Tree:
    names = [f"{n // 15:05d}/img{n:08d}.png" for n in range(30)]
    return {
        **images("{}", names),
        "dataset.json": json_bytes({"labels": [[name, int(n > 11)] for n, name in enumerate(names)]}),
    }


def imagefolder(file: str) -> Tree:
    """Hugging Face: metadata in each split or once at the top."""
    rows = [[f"{split}/{n:04d}.png", int(n > 5)] for split, count in (("train", 18), ("test", 8)) for n in range(count)]
    tree = images("{}", [row[0] for row in rows])
    if file.endswith(".jsonl"):
        lines = [json_bytes({"file_name": name, "label": label}) for name, label in rows]
        return {**tree, file: b"\n".join(lines)}
    if file == "metadata.csv":
        return {**tree, file: table(["file_name", "label"], rows)}
    parts = {
        split: [[str(name).split("/")[1], label] for name, label in rows if str(name).startswith(split)]
        for split in ("train", "test")
    }
    return {**tree, **{f"{split}/metadata.csv": table(["file_name", "label"], part) for split, part in parts.items()}}


def medmnist(suffix: str = "") -> bytes:
    file = io.BytesIO()
    arrays = {}
    for split, count in (("train", 20), ("val", 6), ("test", 8)):
        arrays[f"{split}_images"] = np.stack([grey(f"{split} {n}", 28, 28) for n in range(count)])
        arrays[f"{split}_labels"] = (np.arange(count) % 2)[:, None]
    np.savez(file, **arrays)
    return file.getvalue()


def numpy_folders() -> Tree:
    def array(name: str) -> bytes:
        file = io.BytesIO()
        np.save(file, grey(name))
        return file.getvalue()

    return images("{}.npy", ["benign/1", "benign/2", "malignant/1"], array)


def volumes() -> Tree:
    return {
        f"BraTS20_Training_{n:03d}/BraTS20_Training_{n:03d}_{kind}.nii.gz": gzip.compress(b"\x5c\1\0\0" + bytes(348))
        for n in range(3)
        for kind in ("flair", "t1ce", "seg")
    }


def pad_ufes() -> Tree:
    names = [f"PAT_{n // 2}_{n}_{500 + n}.png" for n in range(30)]
    rows = [
        [f"PAT_{n // 2}", n, n % 3 == 0, 60, "NEV" if n < 16 else "BCC", n % 2 == 0, name]
        for n, name in enumerate(names)
    ]
    return {
        **images("imgs_part_1/{}", names[:15]),
        **images("imgs_part_2/{}", names[15:]),
        "metadata.csv": table(["patient_id", "lesion_id", "smoke", "age", "diagnostic", "itch", "img_id"], rows),
    }


def odir() -> Tree:
    """One row for each patient, with the images of both eyes in two columns."""
    rows = [
        [n, 60, "Male", f"{n}_left.jpg", f"{n}_right.jpg", int(n % 3 == 0), int(n % 3 == 1), int(n % 3 > 0)]
        for n in range(15)
    ]
    header = ["ID", "Patient Age", "Patient Sex", "Left-Fundus", "Right-Fundus", "N", "D", "G"]
    return {**images("Images/{}_left.jpg", 15), **images("Images/{}_right.jpg", 15), "data.csv": table(header, rows)}


def oxford_pets() -> Tree:
    return {
        **images("images/Abyssinian_{}.jpg", range(1, 13)),
        **images("images/Birman_{}.jpg", range(1, 15)),
        **images("annotations/trimaps/Abyssinian_{}.png", range(1, 13)),
        **images("annotations/trimaps/Birman_{}.png", range(1, 15)),
    }


def food101() -> Tree:
    """Class folders, and lists of the splits."""
    tree = two_classes("images/{}/{}.jpg")
    stems = [path.removeprefix("images/").removesuffix(".jpg") for path in tree]
    return {**tree, "meta/train.txt": "\n".join(stems[::2]).encode(), "meta/test.txt": "\n".join(stems[1::2]).encode()}


def label_studio() -> Tree:
    names = [f"{n:03d}.png" for n in range(26)]
    rows = [[n, f"/data/upload/1/8f3a-{name}", ["benign", "malignant"][n > 11], n, 1] for n, name in enumerate(names)]
    return {
        **images("8f3a-{}", names),
        "project-1.csv": table(["id", "image", "choice", "annotation_id", "annotator"], rows),
    }


def lc25000() -> Tree:
    return {
        **images("lung_colon/lung_image_sets/lung_aca/lungaca{}.jpeg", 12),
        **images("lung_colon/lung_image_sets/lung_n/lungn{}.jpeg", 14),
        **images("lung_colon/colon_image_sets/colon_n/colonn{}.jpeg", 10),
    }


def crc() -> Tree:
    return {
        **images("NCT-CRC-HE-100K/ADI/ADI-{}.tif", 12),
        **images("NCT-CRC-HE-100K/LYM/LYM-{}.tif", 14),
        **images("CRC-VAL-HE-7K/ADI/ADI-TCGA-{}.tif", 4),
        **images("CRC-VAL-HE-7K/LYM/LYM-TCGA-{}.tif", 4),
    }


KNOWN = [
    case("HAM10000", ham10000, used(SKIN, groups=15)),
    file_case("HAM10000 in set.zip", lambda: zip_of(ham10000()), used(SKIN, groups=15)),
    case(
        "ISIC 2019",
        isic_2019,
        used({"MEL": 10, "NV": 12, "BKL": 8}, splits={"train": 30}, says=("splits-from-folders",)),
    ),
    case(
        "ISIC 2019 with metadata",
        lambda: isic_2019(metadata=True),
        used({"MEL": 10, "NV": 12, "BKL": 8}, groups=15, splits={"train": 30}),
    ),
    case("ISIC 2020", isic_2020, used({"benign": 20, "malignant": 10}, groups=10, splits={"train": 30})),
    case("APTOS 2019", aptos, used({"0": 12, "1": 10, "2": 8}, splits={"train": 30}, says=("unlabelled-images",))),
    case("EyePACS", eyepacs, used({"0": 16, "1": 14}, groups=15, splits={"train": 30})),
    case(
        "NIH ChestX-ray14",
        chest_xray14,
        used({"Effusion": 18, "Cardiomegaly": 8}, groups=15, splits={"train": 20, "test": 10}, kind="attributes"),
    ),
    case(
        "CheXpert",
        chexpert,
        asked({"Cardiomegaly": 6, "Edema": 6}, groups=12, splits={"train": 20, "val": 4}, kind="attributes"),
    ),
    case("MURA", mura, used({"negative": 16, "positive": 8}, groups=12, splits={"train": 18, "val": 6})),
    case("BreaKHis", breakhis, used({"benign": 12, "malignant": 16}, groups=7)),
    case(
        "Kvasir",
        lambda: {
            **images("kvasir-dataset-v2/normal-z-line/{}.jpg", 12),
            **images("kvasir-dataset-v2/polyps/{}.jpg", 14),
        },
        used({"normal-z-line": 12, "polyps": 14}),
    ),
    case("Kvasir-SEG", kvasir_seg, refused()),
    case("BUSI", busi, used({"benign": 12, "malignant": 10, "normal": 8}, says=("images-left-out",))),
    case("DeepZoom", deepzoom, refused()),
    case(
        "Kaggle chest_xray",
        chest_xray,
        used({"benign": 18, "malignant": 20}, splits={"train": 26, "val": 4, "test": 8}, says=("images-left-out",)),
    ),
    case(
        "Roboflow folders", roboflow, used({"benign": 20, "malignant": 20}, splits={"train": 24, "val": 8, "test": 8})
    ),
    case("Roboflow classes", roboflow_classes, used({"benign": 7, "malignant": 19}, splits={"train": 20, "val": 6})),
    case("YOLO", yolo, refused()),
    case("COCO with boxes", coco, asked({"cell": 10, "mitosis": 6}, splits={"train": 16})),
    case("COCO of whole images", lambda: coco(categories=True), used({"cell": 10, "mitosis": 6}, splits={"train": 16})),
    case("Pascal VOC", pascal_voc, refused()),
    case("Cityscapes", cityscapes, asked({})),
    case("DRIVE", drive, refused()),
    case("Intel images", seg_train, used({"benign": 18, "malignant": 22}, splits={"train": 26, "test": 14})),
    case("folds", folds, asked({"benign": 36, "malignant": 42}, splits={"train": 52, "test": 26})),
    case("StyleGAN", stylegan, used({"0": 12, "1": 18})),
    file_case("StyleGAN in set.zip", lambda: zip_of(stylegan()), used({"0": 12, "1": 18})),
    case(
        "imagefolder jsonl",
        lambda: imagefolder("metadata.jsonl"),
        used({"0": 12, "1": 14}, splits={"train": 18, "test": 8}),
    ),
    case(
        "imagefolder csv",
        lambda: imagefolder("metadata.csv"),
        used({"0": 12, "1": 14}, splits={"train": 18, "test": 8}),
    ),
    case(
        "imagefolder csv in each split",
        lambda: imagefolder("each"),
        used({"0": 12, "1": 14}, splits={"train": 18, "test": 8}),
    ),
    file_case("MedMNIST own.npz", medmnist, used({"0": 17, "1": 17}, splits={"train": 20, "val": 6, "test": 8})),
    case("NumPy files", numpy_folders, refused()),
    case("NIfTI volumes", volumes, refused()),
    case("PAD-UFES-20", pad_ufes, used({"NEV": 16, "BCC": 14}, groups=15)),
    case("ODIR", odir, used({"N": 10, "D": 10, "G": 20}, groups=15, kind="attributes")),
    case("Oxford pets", oxford_pets, asked({"Abyssinian": 12, "Birman": 14})),
    case("Food-101", food101, used(TWO, splits={"train": 13, "test": 13})),
    case("Label Studio", label_studio, used(TWO)),
    case("LC25000", lc25000, used({"lung_aca": 12, "lung_n": 14, "colon_n": 10})),
    case("NCT-CRC-HE", crc, used({"ADI": 16, "LYM": 18}, splits={"train": 26, "test": 8})),
]


@pytest.mark.parametrize("case", each(*KNOWN))
def test_a_known_set_is_read_as_its_authors_meant(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


def test_a_parquet_of_hugging_face_becomes_images_and_labels(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    tree: Tree = {}
    for split, count in (("train", 20), ("test", 6)):
        cells = [{"bytes": saved(grey(f"{split} {n}"), "png"), "path": None} for n in range(count)]
        file = io.BytesIO()
        parquet.write_table(arrow.table({"image": cells, "label": [n % 2 for n in range(count)]}), file)
        tree[f"data/{split}-00000-of-00001.parquet"] = file.getvalue()
    expected = used({"0": 13, "1": 13}, splits={"train": 20, "test": 6})
    assert observed(case("parquet", lambda: tree, expected), tmp_path) == expected
