# SPDX-License-Identifier: MIT
"""What a converter can and cannot do, tried in every confinement that this kernel can have or imitate; and doc/security.md says
what was seen, neither more nor less."""

import ctypes
import errno
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import burglary  # noqa: E402
import confinement  # noqa: E402
import processes  # noqa: E402

pytestmark = pytest.mark.skipif(burglary.native_abi() < 2, reason="this kernel has no Landlock, or an old one")


@pytest.fixture(scope="module")
def found():
    return confinement.search()


def missing_calls():
    """Attempts at calls that this kernel does not have yet."""
    numbers = {"setxattrat": 463, "removexattrat": 466, "file_setattr": 469}
    return {name for name, number in numbers.items()
            if processes._libc.syscall(number, -1, None, 0, None, 0, 0) < 0 and ctypes.get_errno() == errno.ENOSYS}


def test_burglar_knows_its_trade():
    """Each attempt succeeds where nothing confines it, or its failure elsewhere would say nothing."""
    if not burglary.ROOT:
        pytest.skip("the attempts need a user of their own: run as root")
    if not burglary.can_imitate():
        pytest.skip("a release build has pid namespaces for what is not confined, too")
    house = burglary.House(burglary.Kernel(99, False), levels=["off"], starts=["cold"])
    try:
        house.start()
        results = next(iter(burglary.Search(house, levels=["off"], starts=["cold"]).found.values()))
    finally:
        house.close()
    able = {name for (name, _), result in results.items() if confinement.word_of([result]) == confinement.YES}
    wanted = {name for row in confinement.ROWS if not row.privileged and not row.limits for name, _ in row.pick(results)}
    assert wanted - able - confinement.NEVER == missing_calls()


def test_every_attempt_is_in_a_row():
    rows = {word.partition(":")[0] for row in confinement.ROWS for word in row.attempts.split()}
    assert set(burglary.names()) - {"victim"} == rows


def test_results(found):
    wrong = list(confinement.differences(found))
    assert wrong == [], "\n".join(wrong[:60])


def test_page(found):
    if not confinement.complete(found):
        pytest.skip("some kernels of the page cannot be imitated by this one, or by this build")
    assert confinement.table(found) == confinement.printed(), "doc/security.md: run tests/hostile/confinement.py --write"
