"""The commands: `python -m gan COMMAND`.

    main.py        the parser of all commands, and exit codes
    arguments.py   how a parser complains, and the options of a run
    train.py       train, submit
    runs.py        runs, stop, resume, delete, logs, tensorboard
    data.py        data list, data check, data prepare
    evaluate.py    evaluate
    export.py      sample, export
    bench.py       bench, soak
    progress.py    the progress bar

Each file declares its commands' options and turns parsed arguments into calls of the package.
"""

from gan.cli.main import main, parser

__all__ = ["main", "parser"]
