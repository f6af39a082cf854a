"""What names of sibling folders look like: classes, or parts, patients, masks, dates and other things that are none."""

import re
from collections.abc import Container, Iterable, Sequence
from typing import Literal

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.split_words import fold_number, split_folders, split_word

# fmt: off
Kind = Literal[
    "classes", "splits", "folds", "parts", "patients", "studies", "slides", "sites", "magnifications",
    "videos", "content", "leftovers", "dates", "numbers", "numbered", "hashes",
]
# fmt: on
"""`numbers` are 0, 1, 2, which often are classes; `numbered` are 00000, 00001 or file_0001, which seldom are."""

MEANINGS: dict[Kind, str] = {
    "splits": "splits",
    "folds": "folds of cross-validation",
    "parts": "parts of one set",
    "patients": "patients, cases or samples",
    "studies": "studies, series or views",
    "slides": "slides, plates or tiles",
    "videos": "videos or stacks",
    "sites": "hospitals or devices",
    "magnifications": "magnifications",
    "content": "a kind of file, such as images and masks",
    "leftovers": "results or files of another program",
    "dates": "dates",
    "numbers": "plain numbers, which may be classes, patients or parts",
    "numbered": "running numbers",
    "hashes": "identifiers",
}
NUMBER = r"[\W_]*\(?0*\d+\)?"
PATTERNS: dict[Kind, str] = {
    "parts": rf"""(.*[\W_])?(parts?|chunks?|batch(es)?|shards?|archive|zip|volumes?|vol|disk|dis[ck]|blocks?
        |subsets?|sets?|images?|imgs?|pictures|pics|photos|data|dataset|folder|dir|download|export){NUMBER}
        |(.*[\W_])?part[\W_]*[a-e]|(new[ ]folder|neuer[ ]ordner|untitled[ ]folder|nouveau[ ]dossier)([ ]?\(?\d+\)?)?""",
    "patients": rf"""(.*[\W_])?(patient(en)?|pat|pt|subject|subj|sub|case|person|participant|volunteer|donor|proband
        |individual|animal|mouse|rat|specimen|sample|biopsy|lesion|patient[\W_]?id|pid|uid|mrn|id)s?{NUMBER}[a-z]?([\W_]\d+)*
        |(patient|subject|case|donor|mouse|sample|animal|lesion|specimen)[\W_]+[a-z]
        |tcga-\w+(-\w+)*|[ps](0\d+|\d{{3,}})[a-z]?|(?!n\d{{8}})[a-z]{{1,3}}[\W_]?\d{{5,}}""",
    "studies": rf"""(.*[\W_])?(study|studies|series|session|ses|exam|visit|scan|acquisition|view|frame|slice
        |seq|sequence){NUMBER}""",
    "videos": rf"(.*[\W_])?(video|clip|movie|film|stack|vid)s?{NUMBER}[a-z]?",
    "slides": rf"""(.*[\W_])?(slide|wsi|core|tma|region|roi|field|fov|tile|patch|well|plate|position|pos)s?
        (id)?({NUMBER}|[\W_]+[a-z]\d*)|.+_files""",
    "sites": rf"""(.*[\W_])?(scanner|microscope|camera|device|machine|hospital|cent(er|re)|site|institution
        |clinic|lab)s?({NUMBER}|[\W_]+[a-z])""",
    "magnifications": r"\d{1,4}(\.\d+)?[ ]?x|x[ ]?\d{1,4}|(mag|magnification|zoom)[\W_]?\d+x?",
    "dates": r"""(.*[\W_])?(19|20)\d\d[\W_]?[01]\d[\W_]?[0-3]\d([\W_T].*)?
        |(19|20)\d\d[\W_]?[01]\d([\W_].*)?|[0-3]?\d[\W_][01]?\d[\W_](19|20)\d\d|(19|20)\d\d
        |(january|february|march|april|june|july|august|september|october|november|december)([\W_]?\d+)?""",
    "hashes": r"""[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*\d)(?=.*[a-f])[0-9a-f]{8,}|[0-9a-f]{16,}
        |\d+(\.\d+){4,}""",
    "numbers": r"[-+]?\d{1,2}([.,]0)?",
    "numbered": r"\d+|(im|dsc|file|item|obj|object)[\W_]*\d{2,}",
}
"""Patterns of whole names, in the order in which they are tried."""
MASKS = """mask masks manual masque masques maske masken mascara mascaras annotation annotations segmentation
    segmentations groundtruth gt label labels contour contours overlay overlays bbox bboxes boxes heatmap
    heatmaps"""
CONTENT = f"""{MASKS} image images imgs img data dataset jpg jpeg png tif tiff bmp dicom dcm photos pictures
    pics raw original labelled labeled originals orig input inputs crop crops cropped frames slices patches
    tiles augmented augmentation aug resized preprocessed processed normalized enhanced"""
QUALIFIERS = """class classes object objects instance instances semantic panoptic fine coarse ids
    expert left right binary lesion cell nuclei nucleus lung lungs tumor tumour
    polyp vessel optic disc cup ground truth task png"""
"""Words that may stand beside MASKS in the name of a folder of masks."""
LEFTOVERS = """thumbnails thumbs previews preview excluded rejected discarded ignored todo duplicates
    prediction predictions pred preds output outputs result results log logs model models checkpoints
    weights code src docs tmp temp backup trash example examples demo figures plots"""
VIEWS = """left right l r od os frontal lateral ap pa cc mlo axial coronal sagittal flair t1 t2 t1ce t1w t2w dwi adc"""
"""Sides, projections and sequences, of which each patient has several."""
LABELLED = "labelled labeled annotated"
UNLABELLED = """unlabelled unlabeled unlabled nolabel nolabels unsup unsupervised unannotated notlabelled
    notlabeled withoutlabel unsorted tolabel"""
UNCERTAIN = """unknown undefined uncertain indeterminate unclassified undetermined unclear unsure ungradable ungradeable
    inconclusive notgradable unbekannt unklar"""
COUNTED = """class cls klasse type typ grade stage level score category cat label cluster group birads pirads
    lirads tirads gleason kl degree species phase day week month hour dose treatment condition arm figo who isup
    state c g k m n t"""
"""What the numbers of ordinary classes count."""
SAMPLE = 300
"""Names that are looked at: a level of patients has thousands."""
FEWEST_SERIAL = 8
"""Names such as P1, P2, P3 look like patients from this many on; fewer may be grades or stages."""


def suspicious(names: Sequence[str]) -> str:
    """Why the names of sibling folders look like something else than classes, in a sentence; "" if they do not.

    Words are classes, also numbered ones that say what is counted: `grade_1`, `BIRADS4`, `class_0007`.
    """
    kind = kind_of_names(names)
    if kind == "classes":
        return ""
    unique = list(dict.fromkeys(names))
    if kind in ("content", "leftovers"):
        unique = [name for name in unique if no_class_names([name])] or unique
    verb = "look" if len(unique) > 1 else "looks"
    if kind == "numbers":
        return f"The folders {first_few(unique)} are {MEANINGS[kind]}."
    return f"The folder{'s' * (len(unique) > 1)} {first_few(unique)} {verb} like {MEANINGS[kind]}, not like classes."


def kind_of_names(names: Sequence[str]) -> Kind:
    """What most names of sibling folders are, `classes` if nothing speaks against it."""
    unique = list(dict.fromkeys(name.strip() for name in names))
    unique = unique[:: max(1, len(unique) // SAMPLE)]
    if not unique:
        return "classes"
    if split_folders(unique) or _hold_splits(unique):
        return "splits"
    if _most(fold_number(name) is not None for name in unique):
        return "folds"
    content = _content(unique)
    if content:
        return content
    lower = {name.lower() for name in unique}
    if len(lower) > 1 and lower <= {*VIEWS.split()} and not lower <= {"t1", "t2"}:
        return "studies"
    for kind, pattern in PATTERNS.items():
        compiled = re.compile(pattern, re.IGNORECASE | re.VERBOSE)
        if _most(compiled.fullmatch(name) is not None for name in unique):
            return kind
    return _serial(unique)


def is_unlabelled(name: str) -> bool:
    """Whether a folder is named as one of images that nobody has labelled, such as `unlabelled` or `No_Label`."""
    return _joined(name) in UNLABELLED.split()


def is_labelled(name: str) -> bool:
    """Whether a folder is named as one of labelled images, beside unlabelled ones."""
    return _joined(name) in LABELLED.split()


def is_uncertain(name: str) -> bool:
    """Whether a folder's name may be a class or mean that nobody knows the class, such as `unknown`."""
    return _joined(name) in UNCERTAIN.split()


def is_mask_folder(name: str) -> bool:
    """Whether a folder is named as one of masks or annotations: `masks`, `ground_truth`, `train_labels`, `ManualMask`.

    `no_mask` and `with_mask` are classes.
    """
    masks, rest = MASKS.split(), {*CONTENT.split(), *QUALIFIERS.split()}
    if re.fullmatch(r"(?i)(label|class)[\W_]*\d+", name):
        return False
    if _joined(name) in masks:
        return True
    name = re.sub(r"(?i)(?<![^\W_])\d+(st|nd|rd|th)(?![^\W_])", "", name.replace("GroundTruth", "gt"))
    words = [word for word in re.split(r"[\W_\d]+|(?<=[a-z])(?=[A-Z][a-z])", name) if word]
    known = [word for word in words if word.lower() in rest or word.isupper() or split_word(word)]
    return len(known) == len(words) and any(word.lower() in masks for word in words)


def is_content(name: str) -> bool:
    """Whether a folder's name only says that it holds images: `images`, `data`, `jpg`, `original`."""
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", name) if word]
    return bool(words) and all(word.lower() in CONTENT.split() for word in words)


def no_class_names(names: Sequence[str]) -> bool:
    """Whether all names say only what kind of files a folder holds, or that another program wrote them."""
    return all(is_content(name) or is_mask_folder(name) or _is_leftover(name) for name in names)


def _content(names: list[str]) -> Kind | None:
    """`content` if all names are kinds of files, or one is of masks or images; `leftovers` if one is of results."""
    if all(is_content(name) or is_mask_folder(name) for name in names):
        return "content"
    if len(names) == 1 and any(word in CONTENT.split() for word in re.split(r"[\W_]+", names[0].lower())):
        return "content"  # CXR_png
    negated = any(re.search(r"(?i)\b(no|non|without|with)(?![a-z])", name.replace("_", " ")) for name in names)
    if not negated and any(
        is_mask_folder(name) or _joined(name) in ("images", "imgs", "img", "data") for name in names
    ):
        return "content"
    return "leftovers" if any(map(_is_leftover, names)) else None


def is_copy(name: str, names: Container[str]) -> bool:
    """Whether a name is that of a copied folder beside the original: `benign - Copy`, `benign (1)`, `benign_kopie`."""
    match = re.fullmatch(r"(?i)(.+?)[\W_]*(copy|kopie|copie|copia)([\W_]*\d+)?|(.+?)[ ]*\(\d+\)", name.strip())
    return match is not None and (match[1] or match[4]).strip() in names


def _is_leftover(name: str) -> bool:
    if re.fullmatch(r"(?i)(new folder|neuer ordner|untitled folder|nouveau dossier).*", name):
        return True
    return any(word in LEFTOVERS.split() for word in re.split(r"[\W_\d]+", name.lower()))


def _serial(names: list[str]) -> Kind:
    """`patients` or `numbered` for many numbers after one prefix: `P1`, `LIDC-IDRI-0001`, but not `class_0007`.

    Names that each hold a long number of their own, such as `SOB_B_A_14-22549AB`, are `numbered`, too.
    """
    matches = [re.fullmatch(r"(.*?\D)?(\d+)", name) for name in names]
    prefixes = {match[1] or "" for match in matches if match}
    if len(names) < FEWEST_SERIAL:
        return "classes"
    wells = [re.fullmatch(r"([A-P])(\d\d)", name) for name in names]
    if all(wells) and len({well[1] for well in wells if well}) > 1 and len({well[2] for well in wells if well}) > 1:
        return "slides"
    if len(prefixes) != 1 or not all(matches):
        long_numbers = [number for name in names for number in re.findall(r"(?<!^n)\d{4,}", name)[-1:]]
        return "numbered" if len(set(long_numbers)) > 0.9 * len(names) else "classes"
    words = [word for word in re.split(r"[\W_]+", prefixes.pop().lower()) if word]
    if words and (words[-1] in COUNTED.split() or "".join(words) in COUNTED.split()):
        return "classes"
    if len("".join(words)) == 1:
        return "patients"
    long = all(len(match[2]) >= 3 for match in matches if match)
    return "numbered" if long or len(names) > 30 else "classes"


def _most(values: Iterable[bool]) -> bool:
    """Whether at least two thirds are true."""
    listed = list(values)
    return 3 * sum(listed) >= 2 * len(listed)


def _joined(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _hold_splits(names: list[str]) -> bool:
    """Whether each name holds a split word beside others, such as `trainA`, `trainB` and `testA`."""
    words = [re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names]
    splits = [{split for word in words_of_name if (split := split_word(word))} for words_of_name in words]
    return all(splits) and len(set.union(*splits)) > 1
