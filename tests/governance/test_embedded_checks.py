from pathlib import Path

import pytest

from governance.embedded.checks import check_credentials, check_disk, check_packages, check_python, run_check
from governance.embedded.credentials import read_or_create_credentials
from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import prepare_layout


def test_this_python_and_its_packages_are_as_pinned() -> None:
    assert check_python().startswith("3.11.")
    assert check_packages().endswith("as pinned")


def test_the_disk_that_holds_the_state_is_measured(tmp_path: Path) -> None:
    assert check_disk(tmp_path).endswith("GB free")


def test_credentials_that_others_may_read_are_not_well(tmp_path: Path) -> None:
    layout = prepare_layout(tmp_path / "home")
    read_or_create_credentials(layout)
    well = check_credentials(layout)
    layout.credentials.chmod(0o640)

    assert well == "readable by their owner alone"
    with pytest.raises(EmbeddedError, match="Others may read"):
        check_credentials(layout)


def test_a_check_that_fails_in_any_way_is_a_finding_with_a_remedy() -> None:
    def fall() -> str:
        raise ZeroDivisionError

    found = run_check("arithmetic", fall, remedy="do not divide by nought")

    assert (found.ok, found.detail, found.remedy) == (False, "ZeroDivisionError", "do not divide by nought")
