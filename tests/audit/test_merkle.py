from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import ProofError
from audit.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.audit.trees import cases, flipped, made_leaves, naive_node, naive_root, needs_vectors

HASHES = [leaf_hash(leaf) for leaf in made_leaves(600)]


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def holds(case: dict[str, Any]) -> bool:
    proof = [decoded(item) for item in case["proof"] or []]
    try:
        if "leafIdx" in case:
            root = decoded(case["root"])
            leaf = decoded(case["leafHash"])
            verify_inclusion(leaf, index=case["leafIdx"], size=case["treeSize"], proof=proof, root=root)
        else:
            verify_consistency(
                old_size=case["size1"],
                new_size=case["size2"],
                old_root=decoded(case["root1"]),
                new_root=decoded(case["root2"]),
                proof=proof,
            )
    except ProofError:
        return False
    return True


@needs_vectors
@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_the_official_proofs_are_accepted_and_refused_as_they_say(kind: str) -> None:
    found = cases(f"merkle/testdata/{kind}")
    wrong = [case["file"] for case in found if holds(case) == case["wantErr"]]
    assert (wrong, len(found)) == ([], 98)


def test_the_hashes_are_those_of_the_rfc() -> None:
    """Roots of transparency-dev/merkle, testonly/constants.go at 417fb0c: the empty tree, and one empty leaf."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"\x01" + b"a" * 32 + b"b" * 32) != node_hash(b"a" * 32, b"b" * 32)


@given(st.lists(st.integers(0, 70), max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_range_that_grows_in_any_steps_has_the_root_of_the_tree(steps: list[int]) -> None:
    grown, size = CompactRange(), 0
    for step in steps:
        grown = CompactRange.from_bytes(size, grown.to_bytes()).extend(HASHES[size : size + step])
        size += step
        assert grown.root() == naive_root(HASHES[:size])
    assert grown.size == size


@pytest.mark.parametrize(
    ("size", "raw"), [(3, b"a" * 32), (2, b"a" * 64), (1, b"a" * 31), (1, b"a" * 33), (-1, b""), (0, b"a" * 32)]
)
def test_a_range_that_no_tree_has_is_refused(size: int, raw: bytes) -> None:
    with pytest.raises(ProofError):
        CompactRange.from_bytes(size, raw)


@given(st.data(), st.integers(1, 130))
@settings(max_examples=80, deadline=None)
def test_an_inclusion_proof_holds_for_its_leaf_and_place_and_nothing_else(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(HASHES[:size])
    proof = inclusion_proof(index, size, node=naive_node(HASHES[:size]))
    verify_inclusion(HASHES[index], index=index, size=size, proof=proof, root=root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda place: place != index))
    bit = data.draw(st.integers(0, 32 * 8 * (len(proof) + 2) - 1))
    which, within = divmod(bit, 256)
    parts = [HASHES[index], root, *proof]
    parts[which] = flipped(parts[which], within)
    for leaf, place, path, top in (
        (HASHES[index], other, proof, root),
        (parts[0], index, parts[2:], parts[1]),
        (HASHES[index], index, [*proof, root], root),
        (HASHES[index], index, proof[:-1] if proof else [root], root),
    ):
        with pytest.raises(ProofError):
            verify_inclusion(leaf, index=place, size=size, proof=path, root=top)


@given(st.data(), st.integers(1, 130))
@settings(max_examples=80, deadline=None)
def test_a_consistency_proof_holds_for_its_two_trees_and_no_others(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    roots = [naive_root(HASHES[:old]), naive_root(HASHES[:new])]
    proof = consistency_proof(old, new, node=naive_node(HASHES[:new]))
    verify_consistency(old_size=old, new_size=new, old_root=roots[0], new_root=roots[1], proof=proof)
    which, within = divmod(data.draw(st.integers(0, 256 * (len(proof) + 2) - 1)), 256)
    parts = [*roots, *proof]
    parts[which] = flipped(parts[which], within)
    for path, first, second in (
        (parts[2:], parts[0], parts[1]),
        ([*proof, roots[0]], *roots),
        (proof[:-1] if proof else [roots[0]], *roots),
    ):
        with pytest.raises(ProofError):
            verify_consistency(old_size=old, new_size=new, old_root=first, new_root=second, proof=path)


def test_nothing_is_consistent_with_an_empty_log_and_a_log_never_shrinks() -> None:
    assert consistency_proof(0, 5, node=naive_node(HASHES[:5])) == []
    for old, new in ((0, 5), (0, 0), (6, 5), (-1, 5)):
        with pytest.raises(ProofError, match="cannot be shown"):
            verify_consistency(old_size=old, new_size=new, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ProofError, match="did not grow"):
            consistency_proof(old, new, node=naive_node(HASHES[:5]))


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_there_is_no_proof_for_a_leaf_that_a_tree_has_not(index: int) -> None:
    with pytest.raises(ProofError, match="no leaf"):
        inclusion_proof(index, 5, node=naive_node(HASHES[:5]))


def test_hashes_of_another_length_are_refused_even_where_they_would_lead_to_the_root() -> None:
    root = node_hash(b"a" * 33, b"b" * 31)
    with pytest.raises(ProofError, match="32 bytes"):
        verify_inclusion(b"a" * 33, index=0, size=2, proof=[b"b" * 31], root=root)
    with pytest.raises(ProofError, match="32 bytes"):
        verify_consistency(old_size=1, new_size=2, old_root=b"a" * 33, new_root=root, proof=[b"b" * 31])
    with pytest.raises(ProofError, match="one root"):
        verify_consistency(old_size=2, new_size=2, old_root=b"a" * 32, new_root=b"b" * 32, proof=[])


def test_a_proof_of_another_length_is_refused_even_when_a_lying_log_made_a_root_for_it() -> None:
    leaf, extra = HASHES[0], HASHES[1]
    for size, proof, root, says in (
        (1, [extra], node_hash(extra, leaf), "longer than"),
        (2, [], leaf, "shorter than"),
    ):
        with pytest.raises(ProofError, match=says):
            verify_inclusion(leaf, index=0, size=size, proof=proof, root=root)
    joined = node_hash(leaf, extra)
    for old, new, first, second, path, says in (
        (
            1,
            2,
            node_hash(extra, leaf),
            node_hash(extra, node_hash(node_hash(extra, leaf), extra)),
            [extra, extra],
            "long",
        ),
        (3, 4, node_hash(extra, leaf), node_hash(extra, joined), [leaf, extra, extra, extra], "longer than"),
        (1, 3, leaf, leaf, [], "shorter than"),
        (3, 4, leaf, leaf, [], "is empty"),
    ):
        with pytest.raises(ProofError, match=says):
            verify_consistency(old_size=old, new_size=new, old_root=first, new_root=second, proof=path)
