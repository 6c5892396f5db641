"""What the examination ran on: versions of the packages that hear, sign and draw, and one hash over our own source."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings

PACKAGES = (
    "audioseal",
    "av",
    "c2pa-python",
    "cryptography",
    "Django",
    "numpy",
    "onnxruntime",
    "pyHanko",
    "reportlab",
    "resemble-perth",
    "rfc3161-client",
    "scipy",
    "soundfile",
    "soxr",
    "torch",
)
SOURCE = ("governance", "watermark", "synth_adapter", "audit", "tenancy")


@cache
def environment() -> dict[str, Any]:
    """Plain JSON; a package that is not installed is left out."""
    stated = tomllib.loads((settings.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "vivavoce": stated["project"]["version"],
        "source_sha256": _source_sha256(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _source_sha256() -> str:
    """SHA-256 over the lines `<SHA-256>  <path>` of the source files, by path, as `sha256sum` prints them."""
    files = sorted(
        file.relative_to(settings.ROOT).as_posix() for app in SOURCE for file in (settings.ROOT / app).rglob("*.py")
    )
    lines = (f"{hashlib.sha256((settings.ROOT / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
