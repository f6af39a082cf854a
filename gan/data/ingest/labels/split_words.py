"""Names that mean a split, such as `train`, `Training_Set`, `seg_test` and `val2017`, and folds of cross-validation."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

Split = Literal["train", "val", "test"]

LANGUAGES: dict[Split, str] = {
    "train": """train training trn trainval entrenamiento entrainement apprentissage treino treinamento
        训练 訓練 学習""",
    "val": """val valid validation validate validating dev devel development eval evaluation validierung validacion
        validacao 验证 驗證 検証""",
    "test": """test testing tst holdout prueba pruebas teste 测试 測試""",
}
"""English, German, French, Spanish, Portuguese, Chinese and Japanese, without accents."""
WORDS: dict[str, Split] = {word: split for split, words in LANGUAGES.items() for word in words.split()}
GLUED = re.compile(r"(?P<word>.+?)(sets?|images?|imgs?|data|dataset|split|folder|labels?|集)?\d*")
"""A split word with what is often written next to it without a space: `trainset`, `val2017`, `testimages`."""
NEUTRAL = """batch blind classification cls cohort crop cropped csv data dataset external file files final folder full
    ground groundtruth hidden image images img imgs input inputs internal jpeg jpg label labels large list metadata new
    of official orig original part phase photos pictures png private public raw resized seg set sets small split splits
    stage subset task the tif tiff truth version x"""
"""Words that may stand beside a split word without another meaning: `stage_2_train_images`."""
MOST_SPLITS = 50
"""Folders on one level above which they are no splits: a level of patients has thousands."""
MOST_PARTS = 3
"""Folders of one split, such as `train_1` and `train_2`, if there is no other split."""
FOLD = re.compile(
    r"(.*[\W_])?(k?[\W_]?folds?|splits?|cv|cross[\W_]?val(idation)?)[\W_]*\d+|\d+(st|nd|rd|th)?[\W_]*folds?",
    re.IGNORECASE,
)


@lru_cache(maxsize=10_000)
def split_word(text: str) -> Split | None:
    """The split that a name means: one of its words does, and the others mean nothing of their own.

    `train_images`, `ISIC_2019_Training_Input` and `test (1)` are splits; `latest` and `stress_test` are not.
    """
    words = _words(text)
    splits: dict[int, Split] = {}
    for position, word in enumerate(words):
        match = GLUED.fullmatch(word.lower())
        if match and match["word"] in WORDS:
            splits[position] = WORDS[match["word"]]
        elif word.lower() in WORDS:
            splits[position] = WORDS[word.lower()]
    if not splits:
        return None
    last = max(splits)
    for position, word in enumerate(words):
        acronym = (
            re.fullmatch(r"[A-Z][A-Z0-9]*", word) and not text.isupper() and not (len(word) == 1 and position > last)
        )
        if position not in splits and not (word.lower().rstrip("0123456789") in {"", "v", *NEUTRAL.split()} or acronym):
            return None
    found = set(splits.values())
    return found.pop() if len(found) == 1 else "train" if found == {"train", "val"} else None


def split_folders(names: Sequence[str]) -> dict[str, Split]:
    """The splits of sibling folders: empty if they are no splits, without those of them that are none.

    Words that all names share do not count: `brain_tumor_train` and `brain_tumor_test` are splits. `train` alone, or
    any two splits, make the others their siblings; a folder `test` beside `control` is a class.
    """
    if len(names) > MOST_SPLITS:
        return {}
    found = _found({name: name for name in names})
    if len(found) < len(names) and len(names) > 1:
        shared = set.intersection(*({word.lower() for word in _words(name)} for name in names)) - WORDS.keys()
        rests = {name: " ".join(word for word in _words(name) if word.lower() not in shared) for name in names}
        found = max(found, _found(rests), key=len)
    splits, others = set(found.values()), len(set(names)) - len(found)
    if len(splits) == 1 and len(found) > MOST_PARTS:
        return {}  # BraTS20_Training_001, BraTS20_Training_002, ...
    if len(splits) >= 2 or (found and not others and len(found) == 1) or ("train" in splits and others <= 1):
        evaluations = [name for name in found if "eval" in name.lower()]
        if "test" not in splits and any(split == "val" for name, split in found.items() if name not in evaluations):
            found |= dict.fromkeys(evaluations, "test")
        return found
    return {}


def fold_number(name: str) -> int | None:
    """The number of a fold of cross-validation, such as 3 for `fold_3`, `Fold3`, `cv3` and `split_3`."""
    return int(re.findall(r"\d+", name)[-1]) if FOLD.fullmatch(name.strip()) else None


def _found(texts: dict[str, str]) -> dict[str, Split]:
    return {name: split for name, text in texts.items() if (split := split_word(text)) is not None}


def _words(text: str) -> list[str]:
    """The words of a name, without accents: separated by anything but letters and digits, or by camel case."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = re.sub(r"(?i)\bhold[\W_]*out\b|(?<=_)hold[\W_]*out\b|\bhold[\W_]*out(?=_)", "holdout", plain)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    return [word for word in re.split(r"[\W_]+", plain) if word]
