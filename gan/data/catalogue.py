"""The image sets to choose from, as the data page and `gan data list` show them."""

from collections.abc import Collection
from dataclasses import dataclass

from gan.access.permissions import Action, decide
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.set_access import set_target
from gan.data.set_notes import load_set_notes
from gan.data.sources import folder, medmnist
from gan.data.sources.local_paths import added_set_folder
from gan.data.training_size import Sides, proposed_size
from gan.errors import DataError


@dataclass(frozen=True)
class Entry:
    """One set: its `slug` in links, and a config that reads it at its usual size, an added set at the proposed one.

    `problem` is why it cannot be used now, or None; `ready` whether it is in the cache; `local` whether it can be
    read without a download; `sides` those of an added set's images.
    """

    slug: str
    config: DataConfig
    title: str
    about: str
    licence: str
    problem: str | None
    ready: bool
    local: bool
    sides: Sides | None = None


def entries() -> list[Entry]:
    """The sets that the current person may see: digits, MNIST, CelebA, added sets, and the 2-D sets of MedMNIST."""
    return visible_entries(stored_entries())


def stored_entries() -> list[Entry]:
    """All sets of the store, whoever may see them."""
    return [_entry(slug, config) for slug, config in _configs(folder.stored_sets()).items()]


def visible_entries(stored: list[Entry]) -> list[Entry]:
    """Those of `stored_entries` that the current person may see."""
    return [entry for entry in stored if decide(Action.SEE, set_target(entry.config))]


def find_entry(name: str) -> Entry:
    """The entry that a name means (`slug_of`); raises DataError that lists the slugs, also for a set that is not to be
    seen."""
    configs = _configs(folder.added_sets())
    slug = slug_of(name, configs)
    if slug not in configs:
        raise DataError(f"There is no data set {name}. Choose one of {', '.join(configs)}.")
    return _entry(slug, configs[slug])


def slug_of(name: str, slugs: Collection[str]) -> str:
    """The one of `slugs` that is meant: the name itself, or the added set of that name; the name where none is."""
    added = f"folder-{name}"
    return added if name not in slugs and added in slugs else name


def _configs(added: list[str]) -> dict[str, DataConfig]:
    configs = {name: _config(name=name) for name in ("digits", "mnist", "celeba")}
    configs |= {f"folder-{name}": _config(name="folder", path=name) for name in added}
    return configs | {f"medmnist-{flag}": _config(name="medmnist", flag=flag) for flag in medmnist.flags()}


def _config(**values: str) -> DataConfig:
    return DataConfig.model_validate(values)


def _entry(slug: str, config: DataConfig) -> Entry:
    source = registry.SOURCES[config.name]
    problem = source.problem(config)
    sides = folder.image_sides(config) if config.name == "folder" and problem is None else None
    if sides is not None:
        config = config.model_copy(update={"image_size": proposed_size(sides)})
    return Entry(
        slug=slug,
        config=config,
        title=source.title(config),
        about=_about(config),
        licence=source.licence(config),
        problem=problem,
        ready=registry.cached_image_set(config) is not None,
        local=problem is None and source.local(config),
        sides=sides,
    )


def _about(config: DataConfig) -> str:
    """A sentence on the images; of an added set what its users wrote, "" if they did not."""
    if config.name == "medmnist":
        return str(medmnist.table()[config.flag]["description"])
    own = added_set_folder(config) if config.name == "folder" else None
    return load_set_notes(own).description if own is not None else registry.SOURCES[config.name].about
