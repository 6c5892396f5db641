from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import Settings

from tenancy.memory import ProcessMemory, ScopeMemory


@pytest.fixture
def memory(db: None) -> ScopeMemory:
    return ScopeMemory()


def test_what_was_fetched_is_there_until_it_is_forgotten(memory: ScopeMemory) -> None:
    memory.keep("Amara", b"key")
    assert (memory.recall("Amara"), memory.recall("Ivo")) == (b"key", None)
    memory.forget("Amara")
    assert memory.recall("Amara") is None


def test_what_was_fetched_before_a_savepoint_serves_within_it(memory: ScopeMemory) -> None:
    memory.keep("Amara", b"key")
    with transaction.atomic():
        assert memory.recall("Amara") == b"key"


def test_what_was_fetched_within_a_savepoint_ends_with_it(memory: ScopeMemory) -> None:
    with transaction.atomic():
        memory.keep("Amara", b"key")
        with transaction.atomic():
            assert memory.recall("Amara") == b"key"
    with transaction.atomic():
        assert memory.recall("Amara") is None
    memory.trim()
    assert memory._kept == {}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("asked", "granted"), [(20, 20), (0, 0), (3_600, 60)])
def test_a_process_remembers_for_the_time_set_and_a_minute_at_most(
    settings: Settings, asked: int, granted: int
) -> None:
    settings.KEY_CACHE_SECONDS, clock = asked, Clock()
    memory = ProcessMemory[bytes](clock=clock)
    memory.keep("Northwind", b"key")
    if granted:
        clock.now += granted - 0.1
        assert memory.recall("Northwind") == b"key"
        clock.now += 0.1
    assert memory.recall("Northwind") is None
    assert memory._kept == {}  # not merely out of date, but gone


def test_keeping_again_begins_anew_and_forgetting_ends_all(settings: Settings) -> None:
    settings.KEY_CACHE_SECONDS, clock = 20, Clock()
    memory = ProcessMemory[bytes](clock=clock)
    memory.keep("Northwind", b"key")
    memory.keep("Rival", b"other")
    clock.now += 15
    memory.keep("Northwind", b"key")
    clock.now += 10
    assert (memory.recall("Northwind"), memory.recall("Rival")) == (b"key", None)
    memory.forget()
    assert memory.recall("Northwind") is None
