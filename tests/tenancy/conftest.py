"""A caller that means harm: plain SQL with the application's own rights, past every line of our Python."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings


@pytest.fixture
def intruder(committed_db: None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        yield connection
