"""Turns the published CAM++ weights into the ONNX file that is served, once, when weights are fetched."""

from __future__ import annotations

from pathlib import Path

import torch

from safety.backends.campplus_network import MEL_BINS, CamPlusPlusNetwork

OPSET = 17
EXAMPLE_FRAMES = 250


def load_network(source: Path) -> CamPlusPlusNetwork:
    """The torch network with the weights in `source`, ready to evaluate; nothing but tensors is unpickled."""
    network = CamPlusPlusNetwork()
    network.load_state_dict(torch.load(source, map_location="cpu", weights_only=True), strict=True)
    return network.eval()


def export(source: Path, destination: Path) -> None:
    """Write the network in `source` (a state dict) to `destination` as ONNX with a free number of frames."""
    torch.onnx.export(
        load_network(source),
        (torch.zeros(1, EXAMPLE_FRAMES, MEL_BINS),),
        str(destination),
        input_names=["frames"],
        output_names=["embedding"],
        dynamic_axes={"frames": {1: "time"}},
        opset_version=OPSET,
        dynamo=False,
    )
