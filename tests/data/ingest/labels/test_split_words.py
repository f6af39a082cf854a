"""Which names mean a split, and which only look so."""

import pytest

from gan.data.ingest.labels.split_words import fold_number, split_folders, split_word

TRAIN = """train training Training TRAIN trainset train_set train_images seg_train train2017 stage_2_train_images
    X_train trainLabels ISIC_2019_Training_Input ISIC2018_Task3_Training_Input C-NMC_training_data train-00000-of-00001 
    trainval train_val train.csv Entraînement Entrenamiento 训练集 train_part_1"""
VAL = "val valid Valid validate validation val2017 dev dev_set eval Validación"
TEST = """test Testing testset test_set holdout hold-out hold_out HoldOut holdout_set public_test test_images test2
    OCT_test prueba 测试"""
NONE = """latest strain protest contrast vallate untrained attest stress_test no_test test_positive trained tested
    validated valve detest devices skin_test STRESS_TEST train_test trainA testB trainstation unlabelled_train
    train_masks    fold_3 split_1 benign images 0 part_1 试 control"""


@pytest.mark.parametrize(
    ("name", "split"),
    [
        (name, split)
        for names, split in ((TRAIN, "train"), (VAL, "val"), (TEST, "test"), (NONE, None))
        for name in names.split()
    ]
    + [("test (1)", "test"), (" Train ", "train"), ("OCT2017 train", "train"), ("test tube", None), ("", None)],
)
def test_split_words(name: str, split: str | None) -> None:
    assert split_word(name) == split


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("train test single_prediction", {"train": "train", "test": "test"}),
        ("brain_tumor_train brain_tumor_test", {"brain_tumor_train": "train", "brain_tumor_test": "test"}),
        ("trainset validate holdout", {"trainset": "train", "validate": "val", "holdout": "test"}),
        ("train val eval", {"train": "train", "val": "val", "eval": "test"}),
        ("train eval", {"train": "train", "eval": "val"}),
        ("public_test private_test train", {"public_test": "test", "private_test": "test", "train": "train"}),
        ("test", {"test": "test"}),
        ("skin_test blood_test", {}),
        ("test_positive test_negative", {}),
        ("test control", {}),
        ("pre_training post_training", {}),
        ("train car bus", {}),
        ("BraTS20_Training_1 BraTS20_Training_2 BraTS20_Training_3 BraTS20_Training_4", {}),
        ("train_1 train_2", {"train_1": "train", "train_2": "train"}),
        ("benign malignant", {}),
    ],
)
def test_splits_of_sibling_folders(names: str, splits: dict[str, str]) -> None:
    assert split_folders(names.split()) == splits


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("fold_3", 3), ("Fold03", 3), ("fold-1", 1), ("cv2", 2), ("split_1", 1), ("5-fold_2", 2), ("1st fold", 1)),
        *(("folded_3", None), ("fold", None), ("manifold3", None), ("cv", None), ("train", None)),
    ],
)
def test_fold_numbers(name: str, number: int | None) -> None:
    assert fold_number(name) == number
