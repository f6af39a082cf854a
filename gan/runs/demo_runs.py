"""The finished runs that come with the program, for a store that has none yet."""

import errno
import shutil
import uuid

from gan.config import settings


def copy_demo_runs() -> list[str]:
    """Copy the demo runs into a store without runs; returns their names, or nothing where the store has runs.

    Raises OSError where the store cannot be written.
    """
    store = settings.store()
    store.mkdir(parents=True, exist_ok=True)
    if any(not path.name.startswith(".") for path in store.iterdir()):
        return []
    copied = []
    for demo in sorted((settings.ROOT / "checkpoints").glob("demo-*")):
        partial = store / f".{demo.name}-{uuid.uuid4().hex}"
        try:
            shutil.copytree(demo, partial)
            partial.rename(store / demo.name)
            copied.append(demo.name)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else another process was faster
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return copied
