"""The known sets and export formats: what tells each of them, and how it is read.

TABLE_LAYOUTS are told by the columns of a table, FOLDER_LAYOUTS by the paths of the images.
"""

from dataclasses import dataclass, field

from gan.data.ingest.labels.reading import Encoding, SplitName

CLASS_COLUMNS = ("label", "labels", "class", "category", "diagnosis", "target", "choice", "choices")


@dataclass(frozen=True)
class TableLayout:
    """A set whose labels are in a table.

    columns      columns that the table must have, in any case
    image        columns that may name the images; the first that is there does
    labels       columns of labels
    take         "all" of them, the "first" that is there, or the "rest": all columns that `other` does not name
    files        pattern of the table's base name
    encoding     as in TableReading; "one-hot" with a single column is "class", with several ones in a row "attributes"
    images       pattern (regular expression) of the images' names without extension
    """

    name: str
    columns: tuple[str, ...]
    image: tuple[str, ...]
    labels: tuple[str, ...]
    take: str = "all"
    other: tuple[str, ...] = ()
    encoding: Encoding = "class"
    nothing: tuple[str, ...] = ()
    group: str = ""
    group_parts: int = 0
    files: str = "*"
    images: str = ""
    split_lists: dict[str, SplitName] = field(default_factory=dict)


TABLE_LAYOUTS = (
    TableLayout("HAM10000", ("lesion_id", "image_id", "dx"), ("image_id",), ("dx",), group="lesion_id"),
    TableLayout("ISIC", ("image", "MEL", "NV"), ("image",), (), take="rest", other=("lesion_id",), encoding="one-hot"),
    TableLayout(
        "ISIC 2017",
        ("image_id", "melanoma", "seborrheic_keratosis"),
        ("image_id",),
        ("melanoma", "seborrheic_keratosis"),
        encoding="attributes",
    ),
    TableLayout(
        "ISIC 2020",
        ("image_name", "patient_id", "benign_malignant"),
        ("image_name",),
        ("benign_malignant",),
        group="patient_id",
    ),
    TableLayout("ISIC 2024", ("isic_id", "patient_id", "target"), ("isic_id",), ("target",), group="patient_id"),
    TableLayout("APTOS 2019", ("id_code", "diagnosis"), ("id_code",), ("diagnosis",)),
    TableLayout("EyePACS", ("image", "level"), ("image",), ("level",), group_parts=1, images=r".+_(left|right)"),
    TableLayout(
        "NIH ChestX-ray14",
        ("Image Index", "Finding Labels", "Patient ID"),
        ("image index",),
        ("finding labels",),
        encoding="several",
        nothing=("No Finding",),
        group="patient id",
        split_lists={"train_val_list.txt": "train", "test_list.txt": "test"},
    ),
    TableLayout(
        "CheXpert",
        ("Path", "Frontal/Lateral", "AP/PA"),
        ("path",),
        (),
        take="rest",
        other=("sex", "age", "frontal/lateral", "ap/pa", "patient", "study"),
        encoding="attributes",
    ),
    TableLayout("RSNA pneumonia", ("patientId", "x", "y", "Target"), ("patientid",), ("target",)),
    TableLayout("PatchCamelyon", ("id", "label"), ("id",), ("label",), images=r"[0-9a-f]{40}"),
    TableLayout("Roboflow", ("filename",), ("filename",), (), take="rest", encoding="one-hot", files="_classes.csv"),
    TableLayout("StyleGAN", ("file",), ("file",), (), take="rest", encoding="one-hot", files="dataset.json"),
    TableLayout(
        "Hugging Face imagefolder", ("file_name",), ("file_name",), CLASS_COLUMNS, take="first", files="metadata.*"
    ),
    TableLayout(
        "Label Studio",
        ("annotation_id", "annotator"),
        ("image", "img", "photo", "picture", "file", "url"),
        CLASS_COLUMNS,
        take="first",
    ),
    TableLayout(
        "COCO", ("file_name", "categories"), ("file_name",), ("categories",), encoding="several", files="*.json"
    ),
)


@dataclass(frozen=True)
class FolderLayout:
    """A set whose classes are in folders.

    images   pattern (regular expression) of the paths of its images; `root` in it is the folder above the levels
    needs    pattern of a path that must be there, too
    changes  fields of the Reading; without `levels`, they change what the folders themselves say
    note     what the title says: after what the folders say if `changes` has no `levels`
    """

    name: str
    images: str
    note: str = ""
    needs: str = ""
    changes: dict[str, object] = field(default_factory=dict)


FOLDER_LAYOUTS = (
    FolderLayout(
        "MURA",
        r"(?P<root>.*?)(train|valid|test)/XR_[A-Z]+/patient\d+/study\d+_(positive|negative)/[^/]+",
        "classes negative and positive from the study, groups from the patient",
        changes={"levels": ("split", "ignore", "group", "class"), "class_part": -1},
    ),
    FolderLayout(
        "BreaKHis",
        r"(?P<root>.*?)(benign|malignant)/SOB/[^/]+/SOB_[^/]+/\d+X/SOB_[^/]+",
        "classes benign and malignant, groups from the slide; all magnifications together",
        changes={"levels": ("class", "ignore", "ignore", "group")},
    ),
    FolderLayout(
        "BreaKHis",
        r".*SOB_[BM]_[A-Z]+-\d+-\w+-\d+-\d+\.\w+",
        "groups from the slide in the file name",
        changes={"group_parts": 5},
    ),
    FolderLayout(
        "LC25000",
        r"(?P<root>.*?)(lung|colon)_image_sets/(lung|colon)_(aca|n|scc)/[^/]+",
        "classes from folders; many images are altered copies of one another",
        changes={"levels": ("ignore", "class")},
    ),
    FolderLayout(
        "Breast Histopathology Images",
        r"(?P<root>.*?)\d+/[01]/\d+_idx\d+_x\d+_y\d+_class[01]\.\w+",
        "classes 0 and 1, groups from the patient",
        changes={"levels": ("group", "class")},
    ),
    FolderLayout(
        "NCT-CRC-HE",
        r"(?P<root>.*?)(NCT-CRC-HE-100K(-NONORM)?|CRC-VAL-HE-7K)/[A-Z]+/[^/]+",
        "classes from folders; CRC-VAL-HE-7K is the test set",
        needs=r".*CRC-VAL-HE-7K/.*",
        changes={
            "levels": ("split", "class"),
            "splits": {"NCT-CRC-HE-100K": "train", "NCT-CRC-HE-100K-NONORM": "train", "CRC-VAL-HE-7K": "test"},
        },
    ),
    FolderLayout(
        "C-NMC 2019",
        r".*fold_\d/(all|hem)/UID_\w+\.\w+",
        "groups from the subject in the file name",
        changes={"group_parts": 2},
    ),
    FolderLayout(
        "Kermany OCT",
        r".*(CNV|DME|DRUSEN|NORMAL)/(CNV|DME|DRUSEN|NORMAL)-\d+-\d+\.\w+",
        "groups from the patient in the file name",
        changes={"group_parts": 2},
    ),
    FolderLayout(
        "Malaria Cell Images",
        r".*(Parasitized|Uninfected)/C\d+P\d+\w*_IMG_.*",
        "groups from the slide in the file name",
        changes={"group_parts": 1},
    ),
    FolderLayout("Kaggle chest_xray", r".*(train|val|test)/(NORMAL|PNEUMONIA)/[^/]+\.jpe?g"),
    FolderLayout("BUSI", r".*(benign|malignant|normal)/(benign|malignant|normal) \(\d+\)\.\w+"),
    FolderLayout(
        "Kvasir",
        r".*(dyed-[a-z-]+|esophagitis|normal-[a-z-]+|polyps|ulcerative-colitis)/[^/]+",
        needs=r".*(dyed-lifted-polyps|normal-z-line|ulcerative-colitis)/[^/]+",
    ),
    FolderLayout(
        "Intel image classification",
        r".*seg_(train|test)/seg_(train|test)/[^/]+/[^/]+",
    ),
    FolderLayout("Roboflow", r".*\.rf\.[0-9a-zA-Z]+\.\w+"),
)
