"""`bench` and `soak`: measure this machine and this program."""

import argparse
import json
import sys

from gan.cli.arguments import AddCommand
from gan.io.fault_injection import FAULTS


def add_commands(command: AddCommand) -> None:
    """Add `bench` and `soak`."""
    measuring = command("bench", bench, "Measure how fast this machine trains, against the textbook's loop.")
    measuring.add_argument("--json", action="store_true", help="print one JSON document")
    measuring.add_argument("--export", action="store_true", help="measure an export too")
    measuring.add_argument("--loading", action="store_true", help="measure the loading of 200,000 images of 128 px too")
    measuring.add_argument("--pages", action="store_true", help="measure the app's pages over 200 long runs too")
    measuring.add_argument(
        "--size", type=int, action="append", choices=(32, 64, 128), help="only this size; may be repeated"
    )
    soaking = command("soak", soak, "Submit, stop, kill and resume at random, and check that all stays true.")
    soaking.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    soaking.add_argument("--seed", type=int, help="the seed that an earlier soak printed, to do the same again")
    soaking.add_argument("--fault", help=f"break one thing on purpose, which has to be found: {', '.join(FAULTS)}")


def bench(parsed: argparse.Namespace) -> int:
    """Measure training and, where asked for, export, pages and loading; the table on stderr where stdout gets JSON."""
    from gan.bench import loading_speed, page_speed, throughput

    def show_line(line: str) -> None:
        print(line, file=sys.stderr if parsed.json else sys.stdout, flush=True)

    show_line(throughput.HEADER)
    trainings = throughput.measure_training(tuple(parsed.size or (32, 64, 128)), show_line)
    exported = throughput.measure_export(show_line) if parsed.export else None
    pages = page_speed.measure_pages(show_line) if parsed.pages else None
    loading = loading_speed.measure_loading(show_line) if parsed.loading else None
    if parsed.json:
        print(json.dumps(throughput.json_document(trainings, export=exported, pages=pages, loading=loading), indent=2))
    return 0


def soak(parsed: argparse.Namespace) -> int:
    """Soak, and print one line of figures; 1 where something did not hold."""
    from gan.bench.soak import run_soak

    figures = run_soak(parsed.minutes, parsed.fault, lambda line: print(line, flush=True), parsed.seed)
    print(figures.line())
    return 1 if figures.violations else 0
