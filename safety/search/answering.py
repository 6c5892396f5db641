"""The search process: holds every owner's opened references, follows the database, answers on a Unix socket."""

from __future__ import annotations

import logging
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import torch
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from safety.calibration import calibration_for
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, SearchUnavailableError
from safety.models import ProtectedVoice, owned_by
from safety.ports import ModelIdentity
from safety.search import loading
from safety.search.locked import LockedMemory, may_lock
from safety.search.passes import FirstPass, fastest_pass
from safety.search.sealed import open_key, open_voice
from safety.search.shelf import Shelf, search
from safety.search.wire import address, receive, send, voice_from_json
from tenancy.errors import KeyringError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 30.0
OWNER_ONLY = 0o077


class Searcher:
    """All shelves, and the answers to what is asked; one question at a time, since each takes all of the memory bus."""

    def __init__(self, *, first_pass: FirstPass | None = None) -> None:
        torch.set_num_threads(1)  # whole blocks are scored side by side instead
        self.first_pass = first_pass or fastest_pass()
        self.executor = ThreadPoolExecutor(settings.MODEL_THREADS) if self.first_pass.needs_codes else None
        self.memory = LockedMemory()
        self._shelves: dict[UUID | None, Shelf] = {}
        self._lock = threading.Lock()

    def preload(self) -> int:
        """Open everybody's references, so that the first question need not wait; returns how many there are.

        Whose cannot be opened is logged, and told again to whoever asks for that owner.
        """
        owners: list[UUID | None] = [None, *Organisation.objects.order_by("id").values_list("id", flat=True)]
        with self._lock:
            for owner in owners:
                try:
                    with _scope(owner):
                        if models := _models_of_latest(owner):
                            loading.refresh(self._shelf(owner, models), organisation_id=owner)
                except (KeyringError, ComparisonError):
                    logger.exception("the protected voices of %s cannot be opened", owner or "the platform")
            return sum(len(shelf) for shelf in self._shelves.values())

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to one message; what goes wrong is said in it."""
        try:
            if message.get("ask") == "health":
                return self._health()
            with self._lock:
                return self._search(message)
        except ComparisonError as error:
            return {"incomparable": str(error)}
        except SearchUnavailableError as error:
            return {"unavailable": str(error)}
        except (Error, KeyringError) as error:
            logger.exception("a search failed")
            return {"unavailable": f"The search process cannot read the lists: {error}"}
        except (KeyError, TypeError, ValueError) as error:
            return {"unavailable": f"The question makes no sense: {error!r}"}

    def wipe(self) -> None:
        with self._lock:
            for shelf in self._shelves.values():
                shelf.wipe()
            self._shelves.clear()

    def _search(self, message: dict[str, Any]) -> dict[str, Any]:
        probe, organisation_id = voice_from_json(message["voice"]), UUID(message["organisation"])
        shelves = []
        for owner, expected in zip((None, organisation_id), message["expected"], strict=True):
            wanted = {UUID(list_id): int(revision) for list_id, revision in expected.items()}
            shelf = self._shelf(owner, probe.models)
            if not loading.has_seen(shelf, wanted):
                with _scope(owner):
                    loading.refresh(shelf, organisation_id=owner)
            if not loading.has_seen(shelf, wanted):
                raise SearchUnavailableError("The lists were changed by something that is not committed yet.")
            shelf.drop_expired(now=timezone.now())
            shelves.append(shelf)
        found = search(shelves, probe, calibration=calibration_for(probe.models), now=timezone.now())
        return {"found": [finding.as_json() for finding in found]}

    def _health(self) -> dict[str, Any]:
        return {
            "voices": sum(len(shelf) for shelf in self._shelves.values()),
            "first_pass": self.first_pass.name,
            "locked_bytes": self.memory.locked,
            "unlocked_bytes": self.memory.unlocked,
            "refused": self.memory.refused,
            "may_lock": may_lock(),
            "pid": os.getpid(),
        }

    def _shelf(self, owner: UUID | None, models: tuple[ModelIdentity, ...]) -> Shelf:
        """The owner's shelf for these encoders; one for others makes way, and is filled anew."""
        shelf = self._shelves.get(owner)
        if shelf is None or shelf.models != models:
            if shelf is not None:
                shelf.wipe()
            shelf = self._shelves[owner] = Shelf(
                models, first_pass=self.first_pass, memory=self.memory, executor=self.executor
            )
        return shelf


def serve(searcher: Searcher, path: Path, *, stop: threading.Event) -> None:
    """Answer until `stop`; the socket is its owner's alone, and a dead predecessor's is replaced.

    Raises:
        SearchUnavailableError: another search process answers there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, address(path) as where:
        _bind(listener, path, where)
        listener.settimeout(0.5)
        try:
            while not stop.is_set():
                try:
                    caller, _ = listener.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=_converse, args=(searcher, caller), daemon=True).start()
        finally:
            path.unlink(missing_ok=True)


def _bind(listener: socket.socket, path: Path, where: str) -> None:
    if path.exists():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            try:
                other.connect(where)
            except OSError:
                path.unlink()
            else:
                raise SearchUnavailableError(f"Another search process answers at {path}: stop it first.")
    before = os.umask(OWNER_ONLY)
    try:
        listener.bind(where)
    finally:
        os.umask(before)
    listener.listen(64)


def _converse(searcher: Searcher, caller: socket.socket) -> None:
    with caller:
        caller.settimeout(PATIENCE_SECONDS)
        try:
            send(caller, searcher.answer(receive(caller)))
        except (OSError, SearchUnavailableError) as error:
            logger.warning("a caller left in the middle: %s", error)
        finally:
            connection.close()


def _models_of_latest(owner: UUID | None) -> tuple[ModelIdentity, ...]:
    """The encoders that heard whoever was listed last; none for an empty list."""
    rows = ProtectedVoice.objects.filter(owned_by(owner), listing__isnull=False, removed_at=None)
    latest = rows.select_related("listing").order_by("-added_at").first()
    if latest is None or latest.listing is None:
        return ()
    voice: VoiceEmbedding = open_voice(open_key(latest.listing), latest)
    return voice.models


def _scope(owner: UUID | None) -> Any:
    return platform_scope() if owner is None else organisation_scope(owner, actor="system")
