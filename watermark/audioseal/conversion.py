"""Makes safetensors of AudioSeal's published files, once, without running anything that is in them.

Those files are pickles of a state dict beside an OmegaConf configuration (facebookresearch/audioseal, issue 107). They
are read with `weights_only=True`; the configuration's classes become empty objects, because the architecture is taken
from the package's card. Every other class is refused.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from audioseal.loader import convert_state_dict_for_scriptable_model, load_state_dict
from safetensors.torch import save_file
from torch import nn
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from synth_adapter.errors import WeightsError
from watermark.audioseal.networks import new_detector, new_generator

CONFIGURATION = re.compile(
    r"omegaconf\.(base|nodes|dictconfig|listconfig)\.\w+|typing\.Any|collections\.defaultdict|builtins\.(bool|dict|float|int|list|str)"
)
"""What a stored configuration refers to, besides plain values."""


def convert_generator(source: Path, destination: Path) -> None:
    """`destination` as safetensors of the published generator at `source`; raises `WeightsError`."""
    _convert(source, destination, new=new_generator)


def convert_detector(source: Path, destination: Path) -> None:
    """`destination` as safetensors of the published detector at `source`; raises `WeightsError`."""
    _convert(source, destination, new=new_detector)


class _Nothing:
    """Stands for every object of a stored configuration, and keeps nothing of it."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        return


def _convert(source: Path, destination: Path, *, new: Callable[[], nn.Module]) -> None:
    """Numbers are copied, never computed, but for weight normalisation, which the package folds in."""
    state = convert_state_dict_for_scriptable_model(_published(source))
    network = new().to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.state_dict().values():
            parameter.fill_(torch.nan)
    try:
        load_state_dict(network, state)
    except (RuntimeError, AttributeError, AssertionError) as error:
        raise WeightsError(f"{source} does not fit the network of the package's card: {error}") from error
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if empty := [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]:
        raise WeightsError(f"{source} has no finite numbers for {', '.join(empty)}.")
    save_file(tensors, destination, metadata={"format": "pt"})


def _published(path: Path) -> dict[str, torch.Tensor]:
    """The state dict of a published file, by the names that it bears there."""
    try:
        strange = get_unsafe_globals_in_checkpoint(path)
        if refused := [name for name in strange if not CONFIGURATION.fullmatch(name)]:
            raise WeightsError(f"{path} refers to {', '.join(sorted(refused))}, which no published file does.")
        with safe_globals([(_Nothing, name) for name in strange]):
            stored: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, ValueError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{path} cannot be read as weights: {error}") from error
    if "best_state" in stored:
        stored = stored["best_state"]
    state: dict[str, torch.Tensor] = stored["model"]
    return state
