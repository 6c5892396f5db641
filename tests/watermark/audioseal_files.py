"""Files in the format of AudioSeal's published ones, with weights that were never trained, and the way to use them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from audioseal import builder
from audioseal.loader import AudioSeal as Package
from django.test import override_settings
from omegaconf import OmegaConf

from synth_adapter import weights
from synth_adapter.weights import file_sha256
from watermark.audioseal.networks import DETECTOR_CARD, GENERATOR_CARD, card

PARTS = {
    "generator": (GENERATOR_CARD, builder.AudioSealWMConfig, builder.create_generator),
    "detector": (DETECTOR_CARD, builder.AudioSealDetectorConfig, builder.create_detector),
}


def publish(folder: Path) -> None:
    """`generator_base.pth` and `detector_base.pth`: a state dict beside a pickled OmegaConf configuration."""
    torch.manual_seed(11)
    for name, (card_name, kind, create) in PARTS.items():
        values = card(card_name)
        network = create(Package.parse_config(values, config_type=kind, nbits=16))
        state = {key.replace(".inner_conv", ""): value for key, value in network.state_dict().items()}
        torch.save({"model": state, "xp.cfg": OmegaConf.create(values)}, folder / f"{name}_base.pth")


@contextmanager
def pinned(folder: Path, root: Path) -> Iterator[None]:
    """As if the files in `folder` were the published ones, to be fetched from there to `root`."""
    models = "".join(
        f'[[model]]\nname = "audioseal-{name}"\nabout = "never trained"\nlicence = "MIT"\n'
        f'file = {{ name = "{name}_base.pth", sha256 = "{file_sha256(folder / f"{name}_base.pth")}" }}\n'
        f'[[model]]\nname = "audioseal-{name}-safetensors"\nabout = "never trained"\nlicence = "MIT"\n'
        f'derived = {{ from = "audioseal-{name}", name = "{name}.safetensors" }}\n'
        for name in PARTS
    )
    (folder / "manifest.toml").write_text(models, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, override_settings(WEIGHTS_ROOT=root, LOCAL_WEIGHTS=folder):
        patch.setattr(weights, "MANIFEST", folder / "manifest.toml")
        weights.manifest.cache_clear()
        yield
    weights.manifest.cache_clear()


def package_generator(folder: Path) -> Any:
    """The generator as the package itself loads it."""
    return Package.load_generator(str(folder / "generator_base.pth"), nbits=16).eval()


def package_detector(folder: Path) -> Any:
    """The detector, likewise."""
    return Package.load_detector(str(folder / "detector_base.pth"), nbits=16).eval()
