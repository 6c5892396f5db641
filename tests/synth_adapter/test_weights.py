import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_adapter.errors import WeightsError
from synth_adapter.weights import entry, locate, manifest, sidecar

Manifest = Callable[[str], None]

CONTENT = b"the weights of a small model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ONE_FILE = f"""
[[model]]
name = "ear"
about = "hears"
licence = "MIT"
file = {{ name = "ear.bin", bytes = {len(CONTENT)}, sha256 = "{SHA256}" }}
[[model]]
name = "ear-onnx"
about = "hears faster"
licence = "MIT"
derived = {{ from = "ear", name = "ear.onnx" }}
"""


@pytest.fixture
def here(tmp_path: Path, given_manifest: Manifest) -> Path:
    """A folder in which the model `ear` lies as pinned."""
    given_manifest(ONE_FILE)
    (tmp_path / "ear").mkdir()
    (tmp_path / "ear" / "ear.bin").write_bytes(CONTENT)
    return tmp_path


def _derive(root: Path, *, source_sha256: str, sha256: str) -> None:
    made = root / "ear-onnx" / "ear.onnx"
    made.parent.mkdir()
    made.write_bytes(b"faster")
    sidecar(made).write_text(json.dumps({"source_sha256": source_sha256, "sha256": sha256}))


def test_the_manifest_pins_every_file_and_names_every_licence() -> None:
    for model in manifest():
        assert model.licence
        assert model.about
        assert bool(model.files) != (model.derived is not None)
        for file in model.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.parts or file.hub
            assert model.optional or (file.parts and file.size)
            assert all(part.registry in {"pypi", "npm", "installed"} and part.path for part in file.parts)
    assert len({model.name for model in manifest()}) == len(manifest())


def test_packages_are_named_with_an_exact_version() -> None:
    for file in (file for model in manifest() for file in model.files):
        for part in file.parts:
            assert part.registry == "installed" or "==" in part.requirement or "@" in part.requirement


def test_no_weights_are_derived_from_unknown_ones() -> None:
    names = {model.name for model in manifest() if model.files}
    assert {model.derived.source for model in manifest() if model.derived} <= names


def test_every_stock_voice_of_kokoro_is_a_float32_table_of_510_by_256() -> None:
    voices = entry("kokoro-voices")
    assert (len(voices.files), voices.folder) == (54, True)
    assert {file.size for file in voices.files} == {510 * 256 * 4}


def test_located_weights_say_where_they_are_and_what_they_are(here: Path) -> None:
    located = locate("ear", root=here)
    assert (located.name, located.path, located.sha256) == ("ear", here / "ear" / "ear.bin", SHA256)


def test_missing_weights_tell_how_to_get_them(here: Path) -> None:
    (here / "ear" / "ear.bin").unlink()
    with pytest.raises(WeightsError, match=r"missing.*manage.py fetch_weights"):
        locate("ear", root=here)


def test_weights_of_another_size_are_refused(here: Path) -> None:
    (here / "ear" / "ear.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="bytes instead of"):
        locate("ear", root=here)


def test_weights_of_the_right_size_but_another_hash_are_refused(here: Path) -> None:
    (here / "ear" / "ear.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(WeightsError, match="instead of the pinned"):
        locate("ear", root=here)


def test_weights_that_change_after_they_were_verified_are_verified_again(here: Path) -> None:
    path = here / "ear" / "ear.bin"
    locate("ear", root=here)
    times = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(WeightsError, match="instead of the pinned"):
        locate("ear", root=here)


def test_a_name_that_is_not_in_the_manifest_is_refused() -> None:
    with pytest.raises(WeightsError, match="no weights called 'nose'"):
        locate("nose", root=Path())


def test_a_folder_of_weights_has_one_hash_over_all_of_them(tmp_path: Path, given_manifest: Manifest) -> None:
    files = {"b.bin": b"second", "a.bin": b"first"}
    rows = [f'{{ name = "{name}", sha256 = "{hashlib.sha256(data).hexdigest()}" }}' for name, data in files.items()]
    given_manifest(f'[[model]]\nname = "two"\nabout = "x"\nlicence = "MIT"\nfiles = [{", ".join(rows)}]')
    (tmp_path / "two").mkdir()
    for name, data in files.items():
        (tmp_path / "two" / name).write_bytes(data)
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    located = locate("two", root=tmp_path)
    assert (located.path, located.sha256) == (tmp_path / "two", hashlib.sha256(lines.encode()).hexdigest())
    (tmp_path / "two" / "a.bin").unlink()
    with pytest.raises(WeightsError, match="missing"):
        locate("two", root=tmp_path)


def test_derived_weights_are_those_of_their_sidecar(here: Path) -> None:
    sha256 = hashlib.sha256(b"faster").hexdigest()
    _derive(here, source_sha256=SHA256, sha256=sha256)
    assert locate("ear-onnx", root=here).sha256 == sha256


def test_weights_derived_from_other_bytes_are_refused(here: Path) -> None:
    _derive(here, source_sha256="0" * 64, sha256=hashlib.sha256(b"faster").hexdigest())
    with pytest.raises(WeightsError, match="derived from another ear"):
        locate("ear-onnx", root=here)


def test_derived_weights_that_were_changed_are_refused(here: Path) -> None:
    _derive(here, source_sha256=SHA256, sha256=hashlib.sha256(b"slower").hexdigest())
    with pytest.raises(WeightsError, match="instead of the pinned"):
        locate("ear-onnx", root=here)


def test_derived_weights_without_readable_hashes_are_refused(here: Path) -> None:
    with pytest.raises(WeightsError, match="not derived yet"):
        locate("ear-onnx", root=here)
    _derive(here, source_sha256=SHA256, sha256=SHA256)
    sidecar(here / "ear-onnx" / "ear.onnx").write_text("[]")
    with pytest.raises(WeightsError, match="cannot be read"):
        locate("ear-onnx", root=here)
