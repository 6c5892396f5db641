import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import CommandError, call_command
from safetensors.torch import load_file
from torch import nn

from synth_adapter.errors import WeightsError
from synth_adapter.weights import file_sha256
from tests.watermark.audioseal_files import package_detector, pinned
from watermark.audioseal.conversion import convert_detector, convert_generator
from watermark.audioseal.networks import filled, new_detector, new_generator
from watermark.backends.audioseal import AudioSeal

CPU = torch.device("cpu")

pytestmark = pytest.mark.slow


class UnsafeSurprise:
    """Runs a program when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return subprocess.check_call, (["touch", os.fspath(self.path)],)


def stored(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return found


def test_the_command_converts_once_and_keeps_both_hashes(synthetic_weights: Path, tmp_path: Path) -> None:
    with pinned(synthetic_weights, tmp_path):
        call_command("fetch_weights")
        made = tmp_path / "audioseal-detector-safetensors" / "detector.safetensors"
        record = json.loads(made.with_name("detector.safetensors.json").read_text())
        assert record == {
            "source_sha256": file_sha256(synthetic_weights / "detector_base.pth"),
            "sha256": file_sha256(made),
        }
        before = made.stat()
        call_command("fetch_weights")
        assert made.stat() == before


def test_the_marker_needs_no_pickles_once_they_were_converted(synthetic_weights: Path, tmp_path: Path) -> None:
    with pinned(synthetic_weights, tmp_path):
        call_command("fetch_weights")
        for pickled in tmp_path.rglob("*.pth"):
            pickled.unlink()
        AudioSeal()


def test_converted_weights_that_were_changed_are_refused(synthetic_weights: Path, tmp_path: Path) -> None:
    with pinned(synthetic_weights, tmp_path):
        call_command("fetch_weights")
        made = tmp_path / "audioseal-generator-safetensors" / "generator.safetensors"
        made.write_bytes(made.read_bytes()[:-1] + b"\x01")
        with pytest.raises(WeightsError, match="SHA-256"):
            AudioSeal()


def test_files_that_are_not_the_pinned_ones_are_never_read(synthetic_weights: Path, tmp_path: Path) -> None:
    with pinned(synthetic_weights, tmp_path / "weights"):
        (synthetic_weights / "generator_base.pth").rename(tmp_path / "kept")
        torch.save(UnsafeSurprise(tmp_path / "ran"), synthetic_weights / "generator_base.pth")
        try:
            with pytest.raises(CommandError, match="instead of the pinned"):
                call_command("fetch_weights")
        finally:
            (tmp_path / "kept").rename(synthetic_weights / "generator_base.pth")
    assert not (tmp_path / "ran").exists()


def test_the_same_file_always_makes_the_same_bytes(synthetic_weights: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        convert_detector(synthetic_weights / "detector_base.pth", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("where", ["model", "xp.cfg"])
def test_what_would_run_when_it_is_unpickled_is_refused(synthetic_weights: Path, tmp_path: Path, where: str) -> None:
    content = stored(synthetic_weights / "generator_base.pth")
    content[where] = {**content[where], "surprise": UnsafeSurprise(tmp_path / "ran")}
    torch.save(content, tmp_path / "generator.pth")
    with pytest.raises(WeightsError, match="check_call"):
        convert_generator(tmp_path / "generator.pth", tmp_path / "made")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "made").exists()


def test_weights_that_are_normalised_or_the_best_of_a_training_are_read_as_the_package_reads_them(
    synthetic_weights: Path, tmp_path: Path
) -> None:
    content = stored(synthetic_weights / "detector_base.pth")
    state: dict[str, torch.Tensor] = {}
    for name, tensor in content["model"].items():
        if name.startswith("detector.0.model") and name.endswith("conv.weight"):
            state[f"{name}_g"] = torch.linalg.vector_norm(tensor, dim=(1, 2), keepdim=True) * 1.5
            state[f"{name}_v"] = tensor
        else:
            state[name] = tensor
    torch.save({"best_state": {"model": state}, "xp.cfg": content["xp.cfg"]}, tmp_path / "detector_base.pth")
    convert_detector(tmp_path / "detector_base.pth", tmp_path / "made")
    ours = filled(new_detector(), tmp_path / "made", device=CPU).state_dict()
    for name, tensor in package_detector(tmp_path).state_dict().items():
        assert torch.equal(ours[name], tensor)


@pytest.mark.parametrize("name", ["decoder.model.1.lstm.weight_ih_l0", "msg_processor.msg_processor.weight"])
def test_a_file_without_all_weights_is_refused(synthetic_weights: Path, tmp_path: Path, name: str) -> None:
    content = stored(synthetic_weights / "generator_base.pth")
    del content["model"][name]
    torch.save(content, tmp_path / "generator.pth")
    with pytest.raises(WeightsError, match=name.replace(".", r"\.")):
        convert_generator(tmp_path / "generator.pth", tmp_path / "made")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "generator.pth").write_bytes(content)
    with pytest.raises(WeightsError):
        convert_generator(tmp_path / "generator.pth", tmp_path / "made")


def test_weights_of_another_network_are_refused(synthetic_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not fit"):
        convert_generator(synthetic_weights / "detector_base.pth", tmp_path / "made")
    convert_detector(synthetic_weights / "detector_base.pth", tmp_path / "made")
    with pytest.raises(WeightsError, match="does not fit"):
        filled(new_generator(), tmp_path / "made", device=CPU)


def test_no_weight_is_left_to_chance(synthetic_weights: Path, tmp_path: Path) -> None:
    convert_generator(synthetic_weights / "generator_base.pth", tmp_path / "made")
    network: nn.Module = filled(new_generator(), tmp_path / "made", device=CPU)
    held = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    assert held.keys() == load_file(tmp_path / "made").keys()
    assert not any(tensor.is_meta for tensor in held.values())


def test_anything_else_than_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"\x80\x04no numbers")
    with pytest.raises(WeightsError, match="no safetensors file"):
        filled(new_detector(), tmp_path / "made", device=CPU)
