from __future__ import annotations

from django.conf import settings

from audit.identity import signers, verifier_keys
from audit.notes import Checkpoint, KeyType, VerifierKey, sign, verify

TEXT = Checkpoint(settings.LOG_ORIGIN, 3, b"r" * 32).text()


def test_the_log_signs_with_an_old_and_a_new_algorithm_under_its_own_name() -> None:
    keys = verifier_keys()
    assert [key.type for key in keys] == [KeyType.ED25519, KeyType.ML_DSA_44_COSIGNATURE]
    assert {key.name for key in keys} == {settings.LOG_ORIGIN}
    assert verify(sign(TEXT, signers=signers(), at=1_800_000_000), keys) == set(keys)


def test_its_keys_stay_the_same_and_can_be_written_down() -> None:
    assert verifier_keys() == tuple(VerifierKey.parse(str(key)) for key in verifier_keys())
