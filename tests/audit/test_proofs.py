from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import NoteError, PolicyError, ProofError, TransparencyError
from audit.merkle import inclusion_proof
from audit.policy import Policy
from audit.proofs import Proof, VerifiedProof, format_proof, parse_proof, verify_proof
from audit.tiles import TileReader
from tests.audit.trees import LOG, LOG_ML_DSA, ORIGIN, POLICY, REGULATOR, STRANGER, MemoryLog, flipped

TREE = MemoryLog(300)
TRUST = Policy.parse(POLICY)
H1, H2 = (base64.b64encode(hashlib.sha256(word).digest()).decode() for word in (b"hash1", b"hash2"))


def proof_of(index: int, *, checkpoint: str | None = None, extra: bytes = b"") -> str:
    hashes = inclusion_proof(index, 300, node=TileReader(TREE.read, size=300).node)
    return format_proof(index, hashes, checkpoint or TREE.checkpoint(), extra)


@pytest.mark.parametrize(
    ("proof", "text"),
    [
        (
            Proof(5, (base64.b64decode(H1), base64.b64decode(H2)), "test checkpoint\n"),
            f"c2sp.org/tlog-proof@v1\nindex 5\n{H1}\n{H2}\n\ntest checkpoint\n",
        ),
        (
            Proof(10, (base64.b64decode(H1),), "checkpoint data\n", b"extra information"),
            f"c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{H1}\n\ncheckpoint data\n",
        ),
        (Proof(0, (), "checkpoint\n"), "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n"),
    ],
)
def test_proofs_are_written_and_read_as_others_do(proof: Proof, text: str) -> None:
    """The cases of transparency-dev/formats@1a07eea, proof/tlog_proof_test.go TestMarshal."""
    assert format_proof(proof.index, proof.hashes, proof.checkpoint, proof.extra) == text
    assert parse_proof(text) == parse_proof(text.encode()) == proof


@pytest.mark.parametrize(
    "text",
    [
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra YQ==\nextra YQ==\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{base64.b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + "a" * 65_536 + "\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{H1}\n" * 64 + "\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\n\ncheckpoint\n",
        "",
    ],
)
def test_malformed_proofs_are_refused(text: str) -> None:
    """The cases of transparency-dev/formats@1a07eea, proof/tlog_proof_test.go TestUnmarshalErrors, and more."""
    with pytest.raises(ProofError):
        parse_proof(text)


@given(st.integers(0, 299), st.binary(max_size=20))
@settings(max_examples=25, deadline=None)
def test_a_proof_holds_for_its_leaf_and_no_other(index: int, extra: bytes) -> None:
    text = proof_of(index, extra=extra)
    assert verify_proof(text, leaf=TREE.leaves[index], policy=TRUST) == VerifiedProof(
        index, 300, ORIGIN, witnessed=True
    )
    for leaf in (TREE.leaves[index - 1], TREE.leaves[index] + b"\0", b""):
        with pytest.raises(ProofError, match="does not lead to the root"):
            verify_proof(text, leaf=leaf, policy=TRUST)
    with pytest.raises(ProofError):
        verify_proof(text.replace(f"index {index}\n", f"index {index + 1}\n"), leaf=TREE.leaves[index], policy=TRUST)


@given(st.integers(0, 10**6))
@settings(max_examples=120, deadline=None)
def test_a_proof_with_a_flipped_bit_proves_nothing_else(bit: int) -> None:
    raw = proof_of(7).encode()
    try:
        verified = verify_proof(flipped(raw, bit % (len(raw) * 8)), leaf=TREE.leaves[7], policy=TRUST)
    except TransparencyError:
        return
    assert (verified.index, verified.size, verified.origin) == (7, 300, ORIGIN)  # one signature less, at most


def test_a_proof_says_whether_it_was_witnessed_and_extra_data_are_not_part_of_it() -> None:
    bare = proof_of(3, checkpoint=TREE.checkpoint(LOG, REGULATOR), extra=b"anything")
    assert verify_proof(bare, leaf=TREE.leaves[3], policy=TRUST).witnessed is False
    alone = Policy().with_logs([LOG_ML_DSA.key])
    assert verify_proof(proof_of(3), leaf=TREE.leaves[3], policy=alone).witnessed is False


def test_a_proof_under_a_checkpoint_of_a_stranger_is_refused() -> None:
    with pytest.raises(NoteError, match="None of the trusted keys"):
        verify_proof(proof_of(3, checkpoint=TREE.checkpoint(STRANGER)), leaf=TREE.leaves[3], policy=TRUST)
    with pytest.raises(PolicyError, match="knows no log"):
        verify_proof(proof_of(3), leaf=TREE.leaves[3], policy=Policy())
    with pytest.raises(NoteError):
        verify_proof(proof_of(3, checkpoint="no note\n"), leaf=TREE.leaves[3], policy=TRUST)


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=30),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
)
@settings(max_examples=50)
def test_a_proof_gives_itself_back(index: int, hashes: list[bytes], extra: bytes, checkpoint: str) -> None:
    text = format_proof(index, hashes, checkpoint, extra)
    assert parse_proof(text) == Proof(index, tuple(hashes), checkpoint, extra)


@given(st.binary(max_size=80), st.data())
@settings(max_examples=200, deadline=None)
def test_the_reader_raises_nothing_but_its_own_error(raw: bytes, data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([b"", proof_of(1)[:400].encode()]))
    at = data.draw(st.integers(0, len(base)))
    for proof in (base[:at] + raw + base[at:], (base[:at] + raw).decode(errors="surrogateescape")):
        try:
            parse_proof(proof)
        except ProofError:
            continue
