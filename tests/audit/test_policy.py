from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import NoteError, PolicyError
from audit.note_keys import KeyType, Signer, VerifierKey
from audit.notes import Checkpoint, Ed25519Signer, Note, sign
from audit.policy import Group, KnownLog, KnownWitness, Policy, verify_checkpoint
from tests.audit.trees import LOG, LOG_ML_DSA, NOW, ORIGIN, POLICY, REGULATOR, RIVAL, STRANGER, UNION

CHECKPOINT = Checkpoint(ORIGIN, 42, b"r" * 32)
W1, W2, W3 = REGULATOR.key, UNION.key, RIVAL.key
NESTED = f"""
log {LOG.key}
witness X1 {W1}
witness X2 {W2}
group X 2 X1 X2
witness Y1 {W3}
group Y any Y1
group X-and-Y all X Y
quorum X-and-Y
"""


def signed(*signers: Signer) -> Note:
    return sign(CHECKPOINT.text(), signers=signers, at=NOW)


def test_a_policy_says_whom_it_knows_and_how_many_must_have_signed() -> None:
    policy = Policy.parse(POLICY.encode())
    assert policy.logs == (KnownLog(LOG.key), KnownLog(LOG_ML_DSA.key))
    assert policy.witnesses == (
        KnownWitness("regulator", W1, "https://regulator.example/"),
        KnownWitness("union", W2),
        KnownWitness("rival", W3),
    )
    assert policy.groups == (Group("watchers", 2, ("regulator", "union", "rival")),)
    assert policy.quorum == "watchers"
    assert Policy.parse(POLICY) == policy
    assert policy.keys_for(ORIGIN) == (LOG.key, LOG_ML_DSA.key, W1, W2, W3)
    assert policy.keys_for("elsewhere.example") == (W1, W2, W3)


@pytest.mark.parametrize(
    "text",
    [
        "quorum none",
        "\n# comment\n\t # another\n  quorum\tnone",
        f"log {LOG.key} https://log.example/\nquorum none\n",
        f"\twitness \t w1  {W1}   https://w1.example/  \n\n  quorum\tw1",
        f"witness all {W1}\nwitness any {W2}\ngroup group 2 all any\nquorum group\n",
        NESTED,
    ],
)
def test_whitespace_comments_and_odd_names_are_allowed(text: str) -> None:
    assert Policy.parse(text).quorum in {"none", "w1", "group", "X-and-Y"}


def test_names_are_octets_and_need_not_be_utf_8() -> None:
    raw = b"witness K\x80 " + str(W1).encode() + b"\nquorum K\x80\n"
    assert Policy.parse(raw).witnessed_by({W1})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("quorum none\n\x01", "control"),
        ("quorum none\r\n", "control"),
        ("quorum none\n# \x7f", "control"),
        ("quibble w1\nquorum none\n", "line 1: expected"),
        (f"witness w1 {W1} https://w1.example/ # comment\nquorum w1\n", "line 1: expected"),
        ("log\nquorum none\n", "line 1: expected"),
        ("log garbage\nquorum none\n", "line 1: A verifier key"),
        (f"log {LOG.key} url more\nquorum none\n", "line 1: expected"),
        (f"log {LOG.key}\nlog {LOG.key} https://log.example/\nquorum none\n", "line 2: this log's key"),
        (f"log {LOG.key}\nlog {replace(LOG.key, name='b.example')}\nquorum none\n", "line 2: this log's key"),
        ("witness w1\nquorum none\n", "line 1: expected"),
        (f"witness w1 {LOG.key}\nquorum w1\n", "does not make cosignatures"),
        (f"witness none {W1}\nquorum none\n", "'none' is taken"),
        (f"witness w1 {W1}\nwitness w1 {W2}\nquorum w1\n", "line 2: the name 'w1' is taken"),
        (f"witness w1 {W1}\nwitness w2 {replace(W1, name='other')}\nquorum w1\n", "line 2: this witness's key"),
        (f"witness w1 {W1}\ngroup w1 any w1\nquorum w1\n", "'w1' is taken"),
        (f"witness w1 {W1}\ngroup g 1\nquorum w1\n", "line 2: expected"),
        (f"witness w1 {W1}\ngroup none any w1\nquorum none\n", "'none' is taken"),
        (f"witness w1 {W1}\ngroup g 0 w1\nquorum g\n", "cannot be asked for"),
        (f"witness w1 {W1}\ngroup g -1 w1\nquorum g\n", "cannot be asked for"),
        (f"witness w1 {W1}\ngroup g ١ w1\nquorum g\n", "cannot be asked for"),
        (f"witness w1 {W1}\ngroup g 2 w1\nquorum g\n", "cannot be asked for"),
        (f"witness w1 {W1}\ngroup g any w2\nquorum g\n", "'w2' is not defined"),
        (f"group g any w1\nwitness w1 {W1}\nquorum g\n", "line 1: the member 'w1' is not defined"),
        (f"witness w1 {W1}\ngroup g any none w1\nquorum g\n", "'none' is not defined"),
        (f"witness w1 {W1}\ngroup g all w1 w1\nquorum g\n", "only once"),
        (
            f"witness w1 {W1}\nwitness w2 {W2}\ngroup g any w1 w2\ngroup h any w1\nquorum g\n",
            "line 4: 'w1' is a member",
        ),
        (f"witness w1 {W1}\n", "exactly one quorum line, not 0"),
        (f"witness w1 {W1}\nquorum w1\nquorum w1\n", "exactly one quorum line, not 2"),
        ("quorum unknown\n", "'unknown' is not defined"),
        (f"quorum w1\nwitness w1 {W1}\n", "line 1: the quorum 'w1' is not defined"),
        ("quorum\n", "line 1: expected"),
        ("", "exactly one quorum line, not 0"),
    ],
)
def test_a_policy_that_is_not_one_is_refused_and_the_line_named(text: str, reason: str) -> None:
    """The cases of transparency-dev/formats, policy/tlog_policy_test.go TestUnmarshal_Errors, and more."""
    with pytest.raises(PolicyError, match=reason.replace("(", r"\(")):
        Policy.parse(text)


@pytest.mark.parametrize(
    ("keys", "enough"),
    [((W1, W2, W3), True), ((W1, W3), False), ((W1, W2), False), ((W2, W3), False), ((), False)],
)
def test_groups_count_their_members_and_each_other(keys: tuple[VerifierKey, ...], *, enough: bool) -> None:
    policy = Policy.parse(NESTED)
    assert policy.witnessed_by(keys) is enough
    assert policy.satisfied_by({LOG.key, *keys}) is enough
    assert policy.satisfied_by(keys) is False  # the log itself has not signed


def test_two_of_three_are_two_of_three() -> None:
    policy = Policy.parse(POLICY)
    for keys in ({W1, W2}, {W1, W3}, {W2, W3}, {W1, W2, W3}):
        assert policy.satisfied_by(keys | {LOG_ML_DSA.key})
    for keys in ({W1}, {W2}, {W3}, set()):
        assert not policy.satisfied_by(keys | {LOG.key, LOG_ML_DSA.key, STRANGER.key})


def test_a_witness_s_name_under_another_key_counts_for_nothing() -> None:
    policy = Policy.parse(f"witness w1 {W1}\nquorum w1\n")
    assert policy.witnessed_by({W1})
    assert not policy.witnessed_by({VerifierKey(W1.name, KeyType.ED25519_COSIGNATURE, b"p" * 32)})


def test_without_a_quorum_everything_is_accepted_and_nothing_witnessed() -> None:
    assert Policy().satisfied_by(())
    assert not Policy().witnessed_by({W1, W2, W3})
    policy = Policy().with_logs([LOG.key, LOG.key]).with_logs([LOG.key])
    assert policy.logs == (KnownLog(LOG.key),)
    assert policy.satisfied_by({LOG.key})
    assert not policy.satisfied_by({W1})


def test_a_checkpoint_is_believed_when_its_log_signed_and_witnessed_when_the_quorum_did() -> None:
    policy = Policy.parse(POLICY)
    seen = verify_checkpoint(signed(LOG, REGULATOR, UNION, STRANGER), policy=policy)
    assert (seen.checkpoint, seen.keys, seen.witnessed) == (CHECKPOINT, {LOG.key, W1, W2}, True)
    unseen = verify_checkpoint(signed(LOG_ML_DSA, RIVAL), policy=policy)
    assert (unseen.checkpoint, unseen.witnessed) == (CHECKPOINT, False)


def test_a_checkpoint_that_only_witnesses_signed_is_not_believed() -> None:
    with pytest.raises(PolicyError, match="has not signed this checkpoint itself"):
        verify_checkpoint(signed(REGULATOR, UNION, STRANGER), policy=Policy.parse(POLICY))


def test_a_known_log_does_not_sign_for_another_origin() -> None:
    other = Ed25519Signer("other.example", b"\x09" * 32)
    policy = Policy.parse(POLICY).with_logs([other.key])
    with pytest.raises(NoteError, match="None of the trusted keys"):
        verify_checkpoint(signed(other), policy=policy)
    with pytest.raises(PolicyError, match="has not signed this checkpoint itself"):
        verify_checkpoint(signed(other, REGULATOR), policy=policy)
    with pytest.raises(PolicyError, match="knows no log of the origin"):
        verify_checkpoint(signed(LOG), policy=Policy().with_logs([other.key]))


def test_a_false_signature_of_a_known_witness_spoils_the_checkpoint() -> None:
    note = signed(LOG, REGULATOR, UNION)
    spoilt = replace(note.signatures[1], value=note.signatures[1].value[:-1] + b"!")
    with pytest.raises(NoteError, match="does not verify"):
        verify_checkpoint(note.with_signatures([spoilt]), policy=Policy.parse(POLICY))


@given(st.binary(max_size=60), st.data())
@settings(max_examples=200, deadline=None)
def test_the_reader_raises_nothing_but_its_own_error(raw: bytes, data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([b"", NESTED.encode()]))
    at = data.draw(st.integers(0, len(base)))
    for policy in (base[:at] + raw + base[at:], (base[:at] + raw).decode(errors="surrogateescape")):
        try:
            read = Policy.parse(policy)
        except PolicyError:
            continue
        assert isinstance(read.witnessed_by({W1, W2, W3}), bool)


def test_a_policy_has_at_most_a_million_bytes() -> None:
    ending = "\nquorum none"
    assert Policy.parse("#" * (1_000_000 - len(ending)) + ending) == Policy()
    with pytest.raises(PolicyError, match="1000000 bytes"):
        Policy.parse("#" * (1_000_001 - len(ending)) + ending)
