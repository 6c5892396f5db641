"""Making proofs out of the published log, and saying how provable a place in it is."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from audit.errors import NotProvableYetError
from audit.events import Event
from audit.identity import verifier_keys
from audit.log import append
from audit.policy import Policy
from audit.proofs import verify_proof
from audit.proving import Reach, growth, proof_of, reach
from audit.publishing import publish
from audit.queries import CheckpointView, leaf_of
from audit.sequencer import sequence_once
from tenancy.scope import organisation_scope
from tests.cast import found


@pytest.mark.parametrize(
    ("index", "standing"),
    [(None, "waiting"), (0, "witnessed"), (4, "witnessed"), (5, "unwitnessed"), (8, "unwitnessed"), (9, "waiting")],
)
def test_a_place_is_witnessed_published_or_waits(index: int | None, standing: str) -> None:
    latest = CheckpointView(size=9, root=bytes(32), text="", witnessed=False, published_at=timezone.now())
    assert Reach(latest, witnessed=5).standing_of(index) == standing
    assert Reach(None, witnessed=0).standing_of(index) == "waiting"


@pytest.mark.usefixtures("committed_db")
def test_an_entry_is_provable_once_it_is_published_and_not_when_it_is_only_logged() -> None:
    firm = found("Northwind")
    with organisation_scope(firm.id, actor="system"):
        entry_id = append(Event.VOICE_PREPARED, refs={})
    while sequence_once():
        pass
    leaf = leaf_of(entry_id)
    assert leaf is not None
    with pytest.raises(NotProvableYetError, match="waits"):
        proof_of(entry_id)
    publish()
    proof = proof_of(entry_id)
    verified = verify_proof(proof.text, leaf=leaf.leaf, policy=Policy().with_logs(verifier_keys()))
    assert (verified.index, verified.size) == (proof.index, proof.size) == (leaf.index, proof.size)
    latest = reach().checkpoint
    assert latest is not None
    assert (growth(latest.size, latest.size).to_root, growth(1, latest.size).to_root) == (latest.root, latest.root)


@pytest.mark.usefixtures("committed_db")
def test_what_is_not_on_record_has_no_proof() -> None:
    with pytest.raises(NotProvableYetError):
        proof_of(uuid4())
