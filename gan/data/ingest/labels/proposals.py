"""Proposals: the plausible readings of a folder, best first, and what speaks against using one without asking."""

from dataclasses import dataclass

from gan.data.ingest.labels.reading import Reading


@dataclass(frozen=True)
class Proposal:
    """A plausible reading.

    title   what the labels are taken from, such as "Each folder is a class" or "HAM10000: column dx of metadata.csv"
    sure    nothing else is plausible: it is used without asking
    doubts  why the user must choose, one sentence each; empty if `sure`
    """

    reading: Reading
    title: str
    sure: bool = False
    doubts: tuple[str, ...] = ()
