"""Which names of sibling folders are classes, and which look like something else."""

import pytest

from gan.data.ingest.labels.folder_names import (
    is_copy,
    is_mask_folder,
    is_uncertain,
    is_unlabelled,
    kind_of_names,
    suspicious,
)

OTHER = [
    ("parts", "part_1 part_2"),
    ("parts", "part1 part2"),
    ("parts", "images_001 images_002 images_003"),
    ("parts", "batch2 batch3"),
    ("parts", "HAM10000_images_part_1 HAM10000_images_part_2"),
    ("parts", "part_a part_b"),
    ("parts", "subset0 subset1"),
    ("parts", "dataset_1 dataset_2"),
    ("patients", "patient00123 patient00124"),
    ("patients", "P012 P013"),
    ("patients", "P1 P2 P3 P4 P5 P6 P7 P8 P9"),
    ("patients", "case_3 case_4"),
    ("patients", "Pt-1 Pt-2"),
    ("patients", "P01 P02 P03"),
    ("studies", "left right"),
    ("studies", "CC MLO"),
    ("studies", "T1 T2 FLAIR"),
    ("leftovers", "benign malignant thumbnails"),
    ("patients", "sub-01 sub-02"),
    ("patients", "S0001 S0002"),
    ("patients", "TCGA-AA-3492 TCGA-AZ-6598"),
    ("patients", "Subject_1 Subject_2 readme"),
    ("patients", "mouse_a mouse_b"),
    ("patients", "SOB_sample_12 SOB_sample_13"),
    ("folds", "fold_0 fold_1 fold_2"),
    ("folds", "cv1 cv2"),
    ("splits", "train test"),
    ("splits", "training_set holdout"),
    ("splits", "trainA trainB testA testB"),
    ("content", "images masks"),
    ("content", "images"),
    ("content", "benign malignant masks"),
    ("content", "benign malignant ground_truth"),
    ("content", "original augmented"),
    ("content", "jpeg png"),
    ("content", "img annotations"),
    ("leftovers", "benign malignant predictions"),
    ("slides", "slide_3 slide_4"),
    ("slides", "tile_1 tile_2"),
    ("sites", "scanner_A scanner_B"),
    ("sites", "hospital1 hospital2"),
    ("magnifications", "40X 100X 200X 400X"),
    ("magnifications", "x10 x20"),
    ("studies", "study1 study2"),
    ("studies", "series_001 series_002"),
    ("studies", "view1 view2"),
    ("dates", "2021-03-04 2021-03-05"),
    ("dates", "20190102 20190103"),
    ("dates", "2018 2019"),
    ("numbers", "0 1 2"),
    ("numbers", "0.0 1.0"),
    ("numbered", "00000 00001"),
    ("parts", "img_0001 img_0002"),
    ("numbered", "file_0001 file_0002"),
    ("numbered", " ".join(f"LIDC-IDRI-{number:04d}" for number in range(1, 11))),
    ("dates", "export_2024-01-03 export_2024-01-04"),
    ("videos", "video_01 video_02"),
    ("slides", "A01 A02 A03 A04 B01 B02 B03 B04"),
    ("slides", "slide1_files slide2_files"),
    ("content", "CXR_png"),
    ("content", "benign malignant images"),
    ("hashes", "9f86d081884c7d65 2c26b46b68ffc68f"),
    ("hashes", "123e4567-e89b-12d3-a456-426614174000 123e4567-e89b-12d3-a456-426614174001"),
    ("hashes", "1.2.840.113619.2.55 1.2.840.113619.2.56"),
]

CLASSES = [
    "benign malignant normal",
    "grade_1 grade_2 grade_3",
    "BIRADS4 BIRADS5",
    "type1 type2",
    "Stage_I Stage_II",
    "T1 T2",
    "p16 p53 ki67",
    "G1 G2 G3",
    "KL0 KL1 KL2 KL3 KL4",
    " ".join(f"class_{number:04d}" for number in range(1000)),
    " ".join(f"Class-{number}" for number in range(12)),
    "C1 C2 C3 C4 C5 C6 C7 C8 C9",
    "group1 group2",
    "test control",
    "skin_test blood_test",
    "with_mask without_mask",
    "label_1 label_2",
    "RBC_images WBC_images",
    "A1 A2 B1 B2",
    "mask no_mask",
    "latest strain",
    "positive negative",
    "marginal junctional",
    "OCT fundus",
    "all hem",
    "0_normal 1_mild 2_severe",
    "001.Black_footed_Albatross 002.Laysan_Albatross",
    "n01440764 n01443537",
    "plates rings",
    "participle particle",
    "casein caseous",
    "imaginal images_of_thought",
    "良性 恶性",
    "50%_#1 -dash 🧬",
    "adenosis ductal_carcinoma",
    "raw_onion cooked",
    "NORMAL PNEUMONIA",
    "no_tumor tumor",
    "unknown benign",
    "facade decade",
]


@pytest.mark.parametrize(("kind", "names"), OTHER)
def test_names_that_are_no_classes(kind: str, names: str) -> None:
    assert kind_of_names(names.split()) == kind
    assert names.split()[-1] in suspicious(names.split()) or len(names.split()) > 3


@pytest.mark.parametrize("names", CLASSES)
def test_ordinary_classes(names: str) -> None:
    assert suspicious(names.split()) == ""


def test_numbered_words_with_spaces_are_classes() -> None:
    assert suspicious(["stage 3", "stage 4"]) == ""
    assert suspicious(["bi-rads 1", "bi-rads 2"]) == ""
    assert suspicious([]) == ""
    assert kind_of_names(["new folder", "new folder (2)"]) == "leftovers"


@pytest.mark.parametrize(
    "name", ["masks", "Mask", "ground_truth", "GroundTruth", "train_masks", "labels", "lesion_masks"]
)
def test_mask_folders(name: str) -> None:
    assert is_mask_folder(name)


@pytest.mark.parametrize("name", ["no_mask", "with_mask", "images", "benign", "masking", "label_free"])
def test_folders_that_are_not_of_masks(name: str) -> None:
    assert not is_mask_folder(name)


def test_copies_of_folders() -> None:
    names = ["benign", "benign - Copy", "benign (2)", "benign_copy", "copy", "stage (1)"]
    assert [name for name in names if is_copy(name, names)] == ["benign - Copy", "benign (2)", "benign_copy"]


def test_only_the_strange_names_are_said() -> None:
    assert "benign" not in suspicious(["benign", "malignant", "masks"])


def test_folders_without_labels() -> None:
    assert all(is_unlabelled(name) for name in ("unlabelled", "Unlabeled", "no_label", "unsup", "not-labelled"))
    assert not any(is_unlabelled(name) for name in ("labelled", "unknown", "label", "other"))
    assert is_uncertain("Unknown")
    assert not is_uncertain("known")
