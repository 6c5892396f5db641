"""Packages of others that only comparisons need: taken from a folder beside the project, never a dependency.

`pip install --no-deps --target $VIVAVOCE_RIVALS PACKAGE…`; docs/mark-evaluation.md lists them. What is not there is
left out of the tables, by name.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from bench.speakers.embeddings import CACHE

FOLDER = Path(os.environ.get("VIVAVOCE_RIVALS", CACHE.parent / "rivals"))


def there(name: str) -> bool:
    """Whether a package can be imported."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # at the end: the project's own packages come first
    return find_spec(name) is not None


def module(name: str) -> ModuleType:
    """The package; raises `ModuleNotFoundError` where it is missing."""
    there(name.partition(".")[0])
    return importlib.import_module(name)
