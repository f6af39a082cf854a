"""Who acts: the system's user, unless a request says otherwise."""

import subprocess
import sys
import threading

from gan.access.identity import SYSTEM, Identity, Role, acting_as, current
from gan.config.settings import ROOT

ANN = Identity("ann", Role.MEMBER, frozenset({"retina"}), "10.0.0.7")


def test_the_systems_user_acts_unless_a_request_says_otherwise() -> None:
    assert current() is SYSTEM
    with acting_as(ANN):
        assert current() is ANN
    assert current() is SYSTEM


def test_an_identity_stays_in_its_thread() -> None:
    seen: list[Identity] = []
    with acting_as(ANN):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [SYSTEM]


def test_an_app_with_sign_in_may_do_nothing_where_it_does_not_say_for_whom_it_acts() -> None:
    code = (
        "from gan.access import identity; identity.require_identity();"
        "assert identity.current() is identity.SIGNED_OUT; assert identity.current().role == 0"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
