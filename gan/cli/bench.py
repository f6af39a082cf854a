"""`bench` and `soak`: measure this machine and this program."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from gan.cli.arguments import AddCommand
from gan.config.run_config import SIZES
from gan.errors import UserError
from gan.io.fault_injection import FAULTS, NODE_FAULTS
from gan.io.terminal import show


def add_commands(command: AddCommand) -> None:
    """Add `bench` and `soak`."""
    measuring = command("bench", run_bench, "Measure the training speed of this machine against the textbook loop.")
    measuring.add_argument("--json", action="store_true", help="print one JSON document")
    measuring.add_argument("--export", action="store_true", help="also measure an export")
    measuring.add_argument(
        "--loading",
        action="store_true",
        help="also measure loading 200,000 images of 128 px, checking and reading 20,000 files of 256 px, and checking "
        "20,000 small PNGs and 200 large JPEGs",
    )
    measuring.add_argument("--pages", action="store_true", help="also measure the app's pages over 500 long runs")
    measuring.add_argument("--sign-in", action="store_true", help="measure the pages as someone signed in sees them")
    measuring.add_argument(
        "--study-power", action="store_true", help="only simulate studies: false findings, power and coverage"
    )
    measuring.add_argument("--studies", type=int, default=200, help="simulated studies of each design (default 200)")
    measuring.add_argument("--size", type=int, action="append", choices=SIZES, help="only this size; may be repeated")
    measuring.add_argument(
        "--gpu-report",
        type=Path,
        metavar="FOLDER",
        help="only measure what training does on the GPU, in about nine minutes: speed, memory, resuming, scores",
    )
    measuring.add_argument("--images", type=Path, help="own images for the run at 128 px of --gpu-report")
    faults = f"{', '.join(FAULTS)}; with --nodes {', '.join(NODE_FAULTS)}"
    soaking = command("soak", run_soak, "Submit, stop, kill and resume runs at random, and check every invariant.")
    soaking.add_argument("--minutes", type=float, default=10.0, help="duration (default 10)")
    soaking.add_argument("--seed", type=int, help="the seed that an earlier soak test printed, to repeat it")
    soaking.add_argument("--nodes", type=int, default=1, help="machines that share the store (default 1), up to 4")
    soaking.add_argument("--fault", help=f"plant a fault, which the test must find: {faults}")


def run_bench(parsed: argparse.Namespace) -> int:
    """Measure training and, by option, export, pages and loading. With --json the table goes to stderr."""

    def show_line(line: str) -> None:
        show(line, error=parsed.json)

    if parsed.study_power:
        return _study_power(parsed, show_line)
    if parsed.gpu_report is not None:
        return _gpu_report(parsed, show_line)
    from gan.bench import checking_speed, loading_speed, page_speed, reading_speed, throughput

    show_line(throughput.HEADER)
    trainings = throughput.measure_training(tuple(parsed.size or throughput.SIZES_MEASURED), show_line)
    export = throughput.measure_export(show_line) if parsed.export else None
    pages = page_speed.measure_pages(show_line, with_sign_in=parsed.sign_in) if parsed.pages else None
    loading = loading_speed.measure_loading(show_line) if parsed.loading else None
    reading = reading_speed.measure_reading(show_line) if parsed.loading else None
    checking = checking_speed.measure_checking(show_line) if parsed.loading else None
    if parsed.json:
        further = {"export": export, "pages": pages, "loading": loading, "reading": reading, "checking": checking}
        show(json.dumps(throughput.json_document(trainings, **further), indent=2))
    return 0


def _study_power(parsed: argparse.Namespace, show_line: Callable[[str], None]) -> int:
    """Simulate studies, which takes no training and no torch."""
    from gan.bench import study_power

    if parsed.studies < 1:
        raise UserError(f"--studies is {parsed.studies}: it takes 1 or more, such as 200.")
    measured = study_power.measure_study_power(show_line, studies=parsed.studies)
    if parsed.json:
        show(json.dumps({"study_power": study_power.json_rows(measured)}, indent=2))
    return 0


def _gpu_report(parsed: argparse.Namespace, show_line: Callable[[str], None]) -> int:
    """Measure the GPU; exit code 1 where a part failed."""
    from gan.bench.gpu_report import measure_gpu
    from gan.jobs.device_list import driver_problem, matching_devices

    if matching_devices("auto")[0] == "cpu":
        raise UserError(f"There is no GPU to report on. {driver_problem()}".strip())
    report = measure_gpu(parsed.gpu_report, show_line, parsed.images)
    if parsed.json:
        show(json.dumps(report, indent=2))
    return 1 if report["failed"] else 0


def run_soak(parsed: argparse.Namespace) -> int:
    """Run the soak test and print its figures in one line; exit code 1 where an invariant was violated."""
    from gan.bench import node_soak, soak

    if parsed.nodes == 1:
        figures = soak.run_soak(parsed.minutes, parsed.fault, show, parsed.seed)
    else:
        figures = node_soak.run_node_soak(parsed.minutes, parsed.nodes, parsed.fault, show, parsed.seed)
    show(figures.line())
    return 1 if figures.violations else 0
