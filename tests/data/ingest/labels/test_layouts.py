"""Known sets are recognised by their structure, and sets without image labels are refused with the reason."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.layouts import known_layout, refusal
from gan.data.ingest.labels.reading import Proposal, Reading, TableReading


def listing(
    folder: Path, images: Sequence[str], tables: dict[str, str] | None = None, others: Sequence[str] = ()
) -> Listing:
    """A folder with these images, of which there are only the names, and tables with these texts."""
    for name, text in (tables or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Listing(folder, tuple(sorted(images)), tuple(sorted(tables or {})), {"annotation": tuple(others)}, ())


def csv(header: str, *rows: str) -> str:
    return "\n".join((header, *rows))


def sure(proposals: list[Proposal]) -> Reading:
    [proposal] = proposals
    assert proposal.sure
    assert proposal.doubts == ()
    return proposal.reading


def table(reading: Reading) -> TableReading:
    assert reading.table is not None
    return reading.table


def test_ham10000(tmp_path: Path) -> None:
    images = [f"HAM10000_images_part_{1 + n // 5}/ISIC_{n:07d}.jpg" for n in range(10)]
    rows = [f"HAM_{n // 2:07d},ISIC_{n:07d},{('nv', 'mel')[n % 2]},histo,45,male,back" for n in range(10)]
    text = csv("lesion_id,image_id,dx,dx_type,age,sex,localization", *rows)
    reading = sure(known_layout(listing(tmp_path, images, {"HAM10000_metadata.csv": text})))
    assert (reading.layout, reading.levels) == ("HAM10000", ())
    expected = TableReading(files=("HAM10000_metadata.csv",), image="image_id", labels=("dx",), group="lesion_id")
    assert reading.table == expected


def test_a_picture_beside_the_folders_of_a_known_set_stays(tmp_path: Path) -> None:
    images = [*(f"HAM10000/part_1/ISIC_{n}.jpg" for n in range(40)), "ISIC_40.jpg"]
    text = csv("lesion_id,image_id,dx", *(f"HAM_{n},ISIC_{n},nv" for n in range(41)))
    assert sure(known_layout(listing(tmp_path, images, {"HAM10000_metadata.csv": text}))).root == ""


def test_a_table_of_other_images_is_no_known_layout(tmp_path: Path) -> None:
    text = csv("lesion_id,image_id,dx", *(f"HAM_{n},ISIC_{n:07d},nv" for n in range(10)))
    assert known_layout(listing(tmp_path, [f"a/{n}.png" for n in range(10)], {"HAM10000_metadata.csv": text})) == []


def test_isic_one_hot(tmp_path: Path) -> None:
    images, tables = [], {}
    for split, first in (("Training", 0), ("Test", 100)):
        images += [f"ISIC_2019_{split}_Input/ISIC_{first + n:07d}.jpg" for n in range(6)]
        rows = [f"ISIC_{first + n:07d}," + ",".join(f"{float(k == n % 3)}" for k in range(3)) for n in range(6)]
        tables[f"ISIC_2019_{split}_GroundTruth.csv"] = csv("image,MEL,NV,BCC", *rows)
    reading = sure(known_layout(listing(tmp_path, images, tables)))
    assert (table(reading).labels, table(reading).encoding) == (("MEL", "NV", "BCC"), "one-hot")
    assert len(table(reading).files) == 2
    assert (reading.levels, table(reading).split_by_table) == (("split",), False)


def test_isic_2020(tmp_path: Path) -> None:
    rows = [f"ISIC_{n},IP_{n // 2},male,nevus,benign,0" for n in range(6)]
    text = csv("image_name,patient_id,sex,diagnosis,benign_malignant,target", *rows)
    reading = sure(known_layout(listing(tmp_path, [f"jpeg/train/ISIC_{n}.jpg" for n in range(6)], {"t.csv": text})))
    assert (table(reading).labels, table(reading).group) == (("benign_malignant",), "patient_id")
    assert reading.levels == ("split",)


def test_aptos_and_its_tables_of_splits(tmp_path: Path) -> None:
    images = [f"all/{n:012x}.png" for n in range(12)]
    tables = {
        "train_1.csv": csv("id_code,diagnosis", *(f"{n:012x},{n % 3}" for n in range(6))),
        "valid.csv": csv("id_code,diagnosis", *(f"{n:012x},{n % 3}" for n in range(6, 9))),
        "test.csv": csv("id_code,diagnosis", *(f"{n:012x},{n % 3}" for n in range(9, 12))),
    }
    reading = sure(known_layout(listing(tmp_path, images, tables)))
    assert (reading.layout, table(reading).labels) == ("APTOS 2019", ("diagnosis",))
    assert table(reading).split_by_table


def test_eyepacs_groups_both_eyes(tmp_path: Path) -> None:
    names = [f"{n}_{side}" for n in range(10, 15) for side in ("left", "right")]
    text = csv("image,level", *(f"{name},{n % 2}" for n, name in enumerate(names)))
    reading = sure(known_layout(listing(tmp_path, [f"train/{n}.jpeg" for n in names], {"trainLabels.csv": text})))
    assert (reading.layout, reading.group_parts, reading.levels) == ("EyePACS", 1, ("split",))
    assert known_layout(listing(tmp_path, [f"x{n}.jpeg" for n in range(9)], {"trainLabels.csv": text})) == []


def test_nih_chest_xray14(tmp_path: Path) -> None:
    names = [f"{n // 2 + 1:08d}_{n % 2:03d}.png" for n in range(8)]
    rows = [f"{name},{('No Finding', 'Mass|Edema')[n % 2]},{n % 2},{n // 2 + 1}" for n, name in enumerate(names)]
    tables = {
        "Data_Entry_2017.csv": csv("Image Index,Finding Labels,Follow-up #,Patient ID", *rows),
        "train_val_list.txt": "\n".join(names[:4]),
        "test_list.txt": "\n".join(names[4:]),
    }
    reading = sure(known_layout(listing(tmp_path, [f"images_001/images/{name}" for name in names], tables)))
    assert (table(reading).encoding, table(reading).separator, table(reading).nothing) == (
        "several",
        "|",
        ("No Finding",),
    )
    assert table(reading).group == "Patient ID"
    assert reading.split_lists == {"train_val_list.txt": "train", "test_list.txt": "test"}


def test_chexpert(tmp_path: Path) -> None:
    images, tables = [], {}
    for split, first in (("train", 0), ("valid", 64540)):
        paths = [f"CheXpert-v1.0-small/{split}/patient{first + n:05d}/study1/view1_frontal.jpg" for n in range(5)]
        rows = [f"{path},Female,68,Frontal,AP,1.0,,-1.0" for path in paths]
        header = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Cardiomegaly,Edema"
        images += paths
        tables[f"CheXpert-v1.0-small/{split}.csv"] = csv(header, *rows)
    proposals = known_layout(listing(tmp_path, images, tables))
    assert not any(proposal.sure for proposal in proposals)
    answers = [(table(proposal.reading).empty, table(proposal.reading).uncertain) for proposal in proposals]
    assert answers == [("zero", "zero"), ("zero", "one"), ("zero", "leave-out"), ("leave-out", "leave-out")]
    for proposal in proposals:
        reading = proposal.reading
        assert (reading.layout, reading.root, reading.levels) == ("CheXpert", "CheXpert-v1.0-small", ("split", "group"))
        assert table(reading).labels == ("No Finding", "Cardiomegaly", "Edema")
        assert table(reading).encoding == "attributes"


def test_mura(tmp_path: Path) -> None:
    images = [
        f"MURA-v1.1/{split}/{part}/patient{n:05d}/study1_{('negative', 'positive')[n % 2]}/image1.png"
        for split, first in (("train", 0), ("valid", 90))
        for part in ("XR_ELBOW", "XR_HAND")
        for n in range(first, first + 4)
    ]
    reading = sure(known_layout(listing(tmp_path, images)))
    assert (reading.layout, reading.root, reading.class_part) == ("MURA", "MURA-v1.1", -1)
    assert reading.levels == ("split", "ignore", "group", "class")


BREAKHIS = [
    f"{label}/SOB/{kind}/SOB_{short}_14-{22549 + patient}AB/{zoom}X/SOB_{short}-14-{22549 + patient}AB-{zoom}-001.png"
    for label, kind, short in (("benign", "adenosis", "B_A"), ("malignant", "ductal_carcinoma", "M_DC"))
    for patient in range(3)
    for zoom in (40, 100)
]


def test_breakhis(tmp_path: Path) -> None:
    images = [f"BreaKHis_v1/histology_slides/breast/{image}" for image in BREAKHIS]
    reading = sure(known_layout(listing(tmp_path, images)))
    assert (reading.layout, reading.root) == ("BreaKHis", "BreaKHis_v1/histology_slides/breast")
    assert reading.levels == ("class", "ignore", "ignore", "group")


def test_breakhis_without_its_folders(tmp_path: Path) -> None:
    images = [f"{split}/{path.split('/')[0]}/{path.split('/')[-1]}" for split in ("train", "test") for path in BREAKHIS]
    reading = sure(known_layout(listing(tmp_path, images)))
    assert (reading.layout, reading.levels, reading.group_parts) == ("BreaKHis", ("split", "class"), 5)


def test_rsna_and_patchcamelyon(tmp_path: Path) -> None:
    text = csv("patientId,x,y,width,height,Target", *(f"{n:08x},,,,,{n % 2}" for n in range(6)))
    images = [f"stage_2_train_images/{n:08x}.dcm" for n in range(6)]
    reading = sure(known_layout(listing(tmp_path / "a", images, {"stage_2_train_labels.csv": text})))
    assert (table(reading).image, table(reading).labels) == ("patientId", ("Target",))
    text = csv("id,label", *(f"{n:040x},{n % 2}" for n in range(6)))
    images = [f"train/{n:040x}.tif" for n in range(6)]
    reading = sure(known_layout(listing(tmp_path / "b", images, {"train_labels.csv": text})))
    assert (reading.layout, table(reading).labels) == ("PatchCamelyon", ("label",))


@pytest.mark.parametrize(
    ("name", "images", "changes"),
    [
        ("Kvasir", ["polyps/{}.jpg", "dyed-lifted-polyps/{}.jpg", "normal-z-line/{}.jpg"], {"levels": ("class",)}),
        ("Kaggle chest_xray", ["x/train/NORMAL/{}.jpeg", "x/test/PNEUMONIA/{}.jpeg"], {"levels": ("split", "class")}),
        (
            "BUSI",
            [f"{c}/{c} ({{}}){m}.png" for c in ("benign", "normal") for m in ("", "_mask")],
            {"leave_out": ("*_mask.*",)},
        ),
        (
            "LC25000",
            ["set/colon_image_sets/colon_n/colonn{}.jpeg", "set/lung_image_sets/lung_scc/lungscc{}.jpeg"],
            {"root": "set", "levels": ("ignore", "class")},
        ),
        ("Kermany OCT", ["train/CNV/CNV-1{}-1.jpeg", "train/DME/DME-2{}-1.jpeg"], {"group_parts": 2}),
        (
            "Malaria Cell Images",
            [f"{c}/C1{{}}P6Thin_IMG_2_cell_1.png" for c in ("Parasitized", "Uninfected")],
            {"group_parts": 1},
        ),
        (
            "Breast Histopathology Images",
            ["88{0}/0/88{0}_idx5_x1_y1_class0.png", "88{0}/1/88{0}_idx5_x51_y1_class1.png"],
            {"levels": ("group", "class")},
        ),
        ("Intel image classification", ["seg_train/seg_train/sea/{}.jpg", "seg_test/seg_test/ice/{}.jpg"], {}),
        (
            "Roboflow",
            [f"train/{c}/{c}{{}}_jpg.rf.{h}.jpg" for c in ("x", "y") for h in ("0a", "0b")],
            {"levels": ("split", "class"), "group_parts": 2},
        ),
    ],
)
def test_sets_with_class_folders(tmp_path: Path, name: str, images: list[str], changes: dict[str, object]) -> None:
    reading = sure(known_layout(listing(tmp_path, [image.format(n) for image in images for n in range(10, 20)])))
    assert reading.layout == name
    assert {field: getattr(reading, field) for field in changes} == changes


def test_roboflow_images_of_one_name_in_two_folders_are_no_group(tmp_path: Path) -> None:
    images = [f"{s}/{c}/a{n}_jpg.rf.0.jpg" for s in ("train", "test") for c in ("x", "y") for n in range(9)]
    assert sure(known_layout(listing(tmp_path, images))).group_parts == 0


def test_c_nmc_still_asks_for_the_test_fold(tmp_path: Path) -> None:
    images = [f"fold_{f}/{c}/UID_{f}{n}_1_{c}.bmp" for f in range(3) for c in ("all", "hem") for n in range(9)]
    [proposal] = known_layout(listing(tmp_path, images))
    assert (proposal.reading.layout, proposal.reading.group_parts) == ("C-NMC 2019", 2)
    assert not proposal.sure


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_hugging_face_imagefolder(tmp_path: Path, name: str) -> None:
    images = [f"{split}/{n}.png" for split in ("train", "test") for n in range(6)]
    records = [json.dumps({"file_name": image, "label": n % 2}) for n, image in enumerate(images)]
    lines = [f"{image},{n % 2}" for n, image in enumerate(images)]
    text = "\n".join(records) if name.endswith("l") else csv("file_name,label", *lines)
    reading = sure(known_layout(listing(tmp_path, images, {name: text})))
    assert (reading.layout, reading.levels) == ("Hugging Face imagefolder", ("split",))
    assert (table(reading).image, table(reading).labels) == ("file_name", ("label",))


def test_hugging_face_metadata_without_a_label_is_left_to_the_tables(tmp_path: Path) -> None:
    text = csv("file_name,text", *(f"{n}.png,a cell" for n in range(6)))
    assert known_layout(listing(tmp_path, [f"{n}.png" for n in range(6)], {"metadata.csv": text})) == []


def test_stylegan(tmp_path: Path) -> None:
    images = [f"0000{n % 2}/img{n:08d}.png" for n in range(8)]
    text = json.dumps({"labels": [[image, n % 3] for n, image in enumerate(images)]})
    reading = sure(known_layout(listing(tmp_path, images, {"dataset.json": text})))
    assert (reading.layout, reading.levels, table(reading).encoding) == ("StyleGAN", (), "class")


@pytest.mark.parametrize(("second", "encoding"), [("0", "one-hot"), ("1", "attributes")])
def test_roboflow_tables(tmp_path: Path, second: str, encoding: str) -> None:
    images, tables = [], {}
    for split in ("train", "valid"):
        names = [f"{split}{n}_jpg.rf.{n}.jpg" for n in range(4)]
        images += [f"{split}/{name}" for name in names]
        tables[f"{split}/_classes.csv"] = csv("filename, cat, dog", *(f"{name}, 1, {second}" for name in names))
    reading = sure(known_layout(listing(tmp_path, images, tables)))
    assert (reading.layout, reading.levels) == ("Roboflow", ("split",))
    assert (table(reading).labels, table(reading).encoding) == (("cat", "dog"), encoding)
    assert table(reading).files == ("train/_classes.csv", "valid/_classes.csv")


def test_label_studio(tmp_path: Path) -> None:
    records = [
        {"image": f"/data/upload/1/0a1b2c3d-{n}.png", "choice": "cat", "annotator": 1, "annotation_id": n, "id": n}
        for n in range(5)
    ]
    reading = sure(
        known_layout(listing(tmp_path, [f"{n}.png" for n in range(5)], {"project.json": json.dumps(records)}))
    )
    assert (reading.layout, table(reading).image, table(reading).labels) == ("Label Studio", "image", ("choice",))


@pytest.mark.parametrize(("box", "certain"), [([], True), ([1, 2, 3, 4], False)])
def test_coco_categories_of_images(tmp_path: Path, box: list[int], certain: bool) -> None:
    document = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in range(6)],
        "annotations": [{"image_id": n, "category_id": n % 2, "bbox": box} for n in range(6)],
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
    }
    [proposal] = known_layout(listing(tmp_path, [f"{n}.png" for n in range(6)], {"labels.json": json.dumps(document)}))
    assert (proposal.reading.layout, proposal.sure) == ("COCO", certain)
    assert table(proposal.reading).encoding == "class"


def test_class_folders_of_ones_own_are_no_known_layout(tmp_path: Path) -> None:
    images = [f"{name}/{n}.png" for name in ("benign", "malignant", "polyps") for n in range(9)]
    assert known_layout(listing(tmp_path, images)) == []
    assert known_layout(listing(tmp_path, [])) == []


def test_sets_without_labels_of_images_are_refused_with_the_reason(tmp_path: Path) -> None:
    images = [f"train/images/{n}.jpg" for n in range(9)]
    boxes = [f"train/labels/{n}.txt" for n in range(9)]
    voc = [f"Annotations/{n}.xml" for n in range(9)]
    assert "boxes" in refusal(listing(tmp_path, images, others=boxes))
    assert "boxes" in refusal(listing(tmp_path, images, others=voc))
    coco = {"annotations/instances_train2017.json": "{}"}
    assert "boxes" in refusal(listing(tmp_path, [f"train2017/{n}.jpg" for n in range(9)], coco))
    masks = [f"{folder}/{n}.jpg" for folder in ("images", "masks") for n in range(9)]
    assert "masks" in refusal(listing(tmp_path, masks))
    tiles = [f"slide{s}_files/{level}/{n}_0.jpeg" for s in range(2) for level in (10, 11) for n in range(3)]
    assert "tiles" in refusal(listing(tmp_path, tiles))
    assert refusal(listing(tmp_path, [f"{n}.png" for n in range(9)])) == ""
