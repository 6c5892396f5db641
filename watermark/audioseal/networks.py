"""AudioSeal's generator and detector, as the package builds them from its own cards for sixteen bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from audioseal import builder
from audioseal.loader import AudioSeal as Package
from audioseal.loader import load_local_model_config
from omegaconf import OmegaConf
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from synth_adapter.errors import WeightsError

BITS = 16
GENERATOR_CARD, DETECTOR_CARD = "audioseal_wm_16bits", "audioseal_detector_16bits"


def new_generator() -> nn.Module:
    """The generator without its weights: on the meta device, so that none can be forgotten."""
    with torch.device("meta"):
        network: nn.Module = builder.create_generator(_config(GENERATOR_CARD, builder.AudioSealWMConfig))
    return network


def new_detector() -> nn.Module:
    """The detector, likewise."""
    with torch.device("meta"):
        network: nn.Module = builder.create_detector(_config(DETECTOR_CARD, builder.AudioSealDetectorConfig))
    return network


def filled(network: nn.Module, path: Path, *, device: torch.device) -> nn.Module:
    """The network with the weights of a safetensors file, ready to be used on `device`; raises `WeightsError`."""
    try:
        network.load_state_dict(load_file(path), strict=True, assign=True)
    except SafetensorError as error:
        raise WeightsError(f"{path} is no safetensors file: {error}") from error
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit the network: {error}") from error
    return network.to(device).eval().requires_grad_(requires_grad=False)


def card(name: str) -> dict[str, Any]:
    """A card of the package, without the address from which it would load weights itself."""
    values: Any = OmegaConf.to_container(load_local_model_config(name))
    return {key: value for key, value in values.items() if key != "checkpoint"}


def _config(name: str, kind: type) -> Any:
    return Package.parse_config(card(name), config_type=kind, nbits=BITS)
