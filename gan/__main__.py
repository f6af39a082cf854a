"""`python -m gan`: see `gan.cli.main`."""

import sys

from gan.cli.main import main
from gan.io import old_views

if __name__ == "__main__":
    old_views.plant()
    sys.exit(main())
