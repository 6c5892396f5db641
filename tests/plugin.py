"""Starts the real PostgreSQL and Valkey of the session before Django reads its settings (`-p tests.plugin`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator

import pytest

from tests.services import TestServices, start_test_services

_services: list[TestServices] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """A wrapper comes before every plain hook, and so before pytest-django looks for its settings."""
    os.environ["VIVAVOCE_TESTING"] = "1"
    _services.append(start_test_services())
    try:
        return (yield)
    except BaseException:  # a mistake in the settings ends the session before there is anything to unconfigure
        pytest_unconfigure()
        raise


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """Tests of the embedded services themselves are skipped beside external ones.

    Hypothesis asks every loaded module for its file; SpeechBrain's lazy ones would import what is not installed.
    """
    if _services and not _services[0].embedded:
        for item in items:
            if item.get_closest_marker("embedded"):
                item.add_marker(pytest.mark.skip(reason="needs the embedded services"))
    speechbrain = sys.modules.get("speechbrain.utils.importutils")
    if speechbrain is not None:
        for module in list(sys.modules.values()):
            if isinstance(module, speechbrain.LazyModule):
                vars(module).setdefault("__file__", None)
    return (yield)


def pytest_unconfigure() -> None:
    while _services:
        _services.pop().stop()
