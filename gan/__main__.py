"""`python -m gan`: see `cli.py`."""

import sys

from gan.cli import main

if __name__ == "__main__":
    sys.exit(main())
