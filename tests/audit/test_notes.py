from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import NoteError
from audit.note_keys import subtree_message
from audit.note_text import decode_base64, decode_number
from audit.notes import (
    Checkpoint,
    Ed25519Cosigner,
    Ed25519Signer,
    KeyType,
    MLDSA44Cosigner,
    Note,
    Signature,
    Signer,
    VerifierKey,
    sign,
    verify,
)
from tests.audit.trees import (
    LOG,
    LOG_ML_DSA,
    NOW,
    ORIGIN,
    REGULATOR,
    STRANGER,
    TRANSCRIBED,
    UNION,
    VECTORS,
    flipped,
    needs_vectors,
)

WYCHEPROOF = VECTORS / "wycheproof" / "testvectors_v1"
PETER, ENOCH = TRANSCRIBED["peter"], TRANSCRIBED["enoch"]
PETER_KEY, ENOCH_KEY = VerifierKey.parse(PETER["vkey"]), VerifierKey.parse(ENOCH["vkey"])
CHECKPOINT = Checkpoint(ORIGIN, 42, b"r" * 32)
SIGNERS: list[Signer] = [LOG, LOG_ML_DSA, REGULATOR, UNION]
letters = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="+")
names = st.text(letters, min_size=1, max_size=20)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
texts = st.lists(st.one_of(lines, st.just("")), min_size=1, max_size=5).map(lambda rows: "\n".join(rows) + "\n")
signatures = st.builds(
    Signature, name=names, key_id=st.binary(min_size=4, max_size=4), value=st.binary(min_size=1, max_size=90)
)


def wycheproof(file: str, kind: KeyType) -> tuple[list[int], int]:
    """The cases in which our verifier key decides otherwise than Wycheproof, and how many cases there are."""
    wrong, count = [], 0
    for group in json.loads((WYCHEPROOF / file).read_text())["testGroups"]:
        public = group["publicKey"]
        public = bytes.fromhex(public if isinstance(public, str) else public["pk"])
        for case in group["tests"]:
            count += 1
            try:
                key = VerifierKey.parse(str(VerifierKey("wycheproof.example", kind, public)))
                accepted = key.accepts(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            except NoteError:
                accepted = False
            expected = case["result"] == "valid" and not case.get("ctx")  # cosignatures have no FIPS 204 context
            wrong += [case["tcId"]] if accepted != expected else []
    return wrong, count


@needs_vectors
@pytest.mark.parametrize(
    ("file", "kind", "count"),
    [
        ("ed25519_test.json", KeyType.ED25519, 151),
        ("mldsa_44_verify_test.json", KeyType.ML_DSA_44_COSIGNATURE, 180),
    ],
)
def test_wycheproof_s_signatures_are_accepted_and_refused_as_they_say(file: str, kind: KeyType, count: int) -> None:
    assert wycheproof(file, kind) == ([], count)


def test_the_specification_s_note_is_read_as_it_stands() -> None:
    case = TRANSCRIBED["signed_note_example"]
    note = Note.parse(case["note"])
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert [(line.name, line.key_id.hex(), len(line.value)) for line in note.signatures] == [
        (case["name"], case["key_id"], 64)
    ]
    assert note.format() == case["note"]


def test_the_specification_s_cosigned_checkpoint_is_read_as_it_stands() -> None:
    case = TRANSCRIBED["cosigned_example"]
    note = Note.parse(case["note"].encode())
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.text() == note.text
    assert REGULATOR.key.signed_at(note.signatures[1]) == case["time"]
    assert LOG.key.signed_at(note.signatures[0]) is None


def test_go_s_notes_verify_and_are_made_alike() -> None:
    note = Note.parse(PETER["text"] + "\n" + PETER["line"] + ENOCH["line"])
    assert verify(note, [PETER_KEY]) == {PETER_KEY}
    assert verify(note, [PETER_KEY, ENOCH_KEY, ENOCH_KEY]) == {PETER_KEY, ENOCH_KEY}
    seed = base64.b64decode(PETER["seed_key"].split("+", 4)[4])[1:]
    signer = Ed25519Signer("PeterNeumann", seed)
    assert str(signer.key) == PETER["vkey"]
    assert sign(PETER["text"], signers=[signer], at=0).format() == PETER["text"] + "\n" + PETER["line"]


@pytest.mark.parametrize("vkey", TRANSCRIBED["good_keys"]["vkeys"])
def test_keys_of_others_are_read(vkey: str) -> None:
    assert str(VerifierKey.parse(vkey)) == vkey


def test_no_mangled_key_is_read() -> None:
    vkey = PETER["vkey"]
    parts = [vkey[at:to] for at in range(len(vkey)) for to in range(at + 1, len(vkey) + 1) if to - at < len(vkey)]
    shifted = [vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))]
    for mangled in [*parts, *shifted, *TRANSCRIBED["bad_keys"]["vkeys"], vkey + "\n", vkey + "=", "\udc80" + vkey]:
        with pytest.raises(NoteError):
            VerifierKey.parse(mangled)


@pytest.mark.parametrize("text", [*TRANSCRIBED["bad_notes"]["notes"], "\xff", ""])
def test_go_s_malformed_notes_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(text.encode("latin-1" if text == "\xff" else "utf-8"))


def test_a_note_may_carry_a_hundred_signatures_and_a_million_bytes() -> None:
    assert len(Note.parse(PETER["text"] + "\n" + PETER["line"] * 100).signatures) == 100
    with pytest.raises(NoteError, match="100 signatures"):
        Note.parse(PETER["text"] + "\n" + PETER["line"] * 101)
    with pytest.raises(NoteError, match="1000000 bytes"):
        Note.parse("x" * 1_000_000 + "\n\n" + PETER["line"])


def test_a_signature_by_another_program_over_a_subtree_verifies() -> None:
    case = TRANSCRIBED["torchwood"]
    key, line = VerifierKey.parse(case["vkey"]), Signature.parse(case["line"].rstrip("\n"))
    root = base64.b64decode(case["root"])
    message = subtree_message(key.name, case["origin"], stamp=0, start=case["start"], end=case["end"], root=root)
    assert (key.name, key.key_id) == (line.name, line.key_id)
    assert key.signed_at(line) is None
    assert key.accepts(message, line.value[8:])
    assert not key.accepts(message, flipped(line.value[8:], 4000))


@pytest.mark.parametrize(("name", "origin"), [("", "t"), ("m", "t" * 256), ("m" + "a" * 255, "t"), ("m", "")])
def test_names_that_an_ml_dsa_cosignature_cannot_hold_are_refused(name: str, origin: str) -> None:
    with pytest.raises(NoteError, match="255 bytes"):
        subtree_message(name, origin, stamp=0, start=0, end=0, root=b"r" * 32)
    assert len(subtree_message("m" * 255, "t" * 255, stamp=0, start=0, end=0, root=b"r" * 32)) == 12 + 256 * 2 + 24 + 32


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.key.type.name)
def test_every_kind_of_key_signs_what_it_verifies_and_nothing_else(signer: Signer) -> None:
    text = CHECKPOINT.text()
    note = sign(text, signers=[signer], at=NOW)
    (line,) = note.signatures
    assert VerifierKey.parse(str(signer.key)) == signer.key
    assert verify(Note.parse(note.format()), [signer.key]) == {signer.key}
    assert signer.key.signed_at(line) == (NOW if signer.key.type.cosigns else None)
    others = [
        Checkpoint("log.example/vivavocf", 42, CHECKPOINT.root).text(),
        Checkpoint(ORIGIN, 43, CHECKPOINT.root).text(),
        Checkpoint(ORIGIN, 42, flipped(CHECKPOINT.root, 0)).text(),
        "no checkpoint\n",
    ]
    for other in others:
        with pytest.raises(NoteError, match="does not verify"):
            verify(replace(note, text=other), [signer.key])
    for bit in (0, 63, 64, len(line.value) * 8 - 1):  # of the time, where there is one, and of the signature
        bad = replace(line, value=flipped(line.value, bit))
        with pytest.raises(NoteError, match="does not verify"):
            verify(Note(text, (bad,)), [signer.key])
    for value in (line.value[:-1], line.value + b"\0", line.value[:8], b"\0"):
        assert not signer.key.verifies(text, value)


def test_a_cosignature_s_time_is_below_two_to_the_sixty_third() -> None:
    text = CHECKPOINT.text()
    good = REGULATOR.sign(text, at=2**63 - 1)
    assert REGULATOR.key.verifies(text, good.value)
    late = REGULATOR.sign(text, at=2**63)
    assert not REGULATOR.key.verifies(text, late.value)


def test_only_the_plain_and_the_ed25519_kinds_sign_extension_lines() -> None:
    extended = replace(CHECKPOINT, extensions=("Extendo",)).text()
    assert LOG.key.verifies(extended, LOG.sign(extended, at=NOW).value)
    assert not LOG.key.verifies(CHECKPOINT.text(), LOG.sign(extended, at=NOW).value)
    assert not REGULATOR.key.verifies(CHECKPOINT.text(), REGULATOR.sign(extended, at=NOW).value)
    assert UNION.key.verifies(CHECKPOINT.text(), UNION.sign(extended, at=NOW).value)


def test_one_key_used_for_two_purposes_is_two_keys() -> None:
    plain, cosigner = Ed25519Signer("one.example", b"s" * 32), Ed25519Cosigner("one.example", b"s" * 32)
    note = sign(CHECKPOINT.text(), signers=[cosigner], at=NOW)
    assert plain.key.key_id != cosigner.key.key_id
    with pytest.raises(NoteError, match="None of the trusted keys"):
        verify(note, [plain.key])


def test_a_note_is_believed_on_account_of_known_keys_only() -> None:
    note = sign(CHECKPOINT.text(), signers=[STRANGER, REGULATOR], at=NOW)
    forged = replace(note.signatures[0], value=b"x" * 64)
    assert verify(Note(note.text, (forged, note.signatures[1])), [LOG.key, REGULATOR.key]) == {REGULATOR.key}
    for keys in ([], [LOG.key]):
        with pytest.raises(NoteError, match="None of the trusted keys"):
            verify(note, keys)
    with pytest.raises(NoteError, match="does not verify"):
        verify(Note(note.text, (forged, note.signatures[1])), [STRANGER.key, REGULATOR.key])
    renamed = replace(note.signatures[1], name="regulator.examplf")
    with pytest.raises(NoteError, match="None of the trusted keys"):
        verify(Note(note.text, (renamed,)), [REGULATOR.key])


def test_two_keys_under_one_name_and_identifier_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VerifierKey, "key_id", b"same")
    with pytest.raises(NoteError, match="impostor"):
        verify(Note("text\n"), [LOG.key, replace(LOG.key, public=b"p" * 32)])


def test_a_new_signature_takes_the_place_of_an_old_one_by_the_same_key() -> None:
    text = CHECKPOINT.text()
    note = sign(text, signers=[LOG, REGULATOR], at=NOW)
    later = note.with_signatures([REGULATOR.sign(text, at=NOW + 5), UNION.sign(text, at=NOW)])
    assert [line.name for line in later.signatures] == [ORIGIN, "regulator.example", "union.example"]
    assert REGULATOR.key.signed_at(later.signatures[1]) == NOW + 5
    assert verify(later, [LOG.key, REGULATOR.key, UNION.key]) == {LOG.key, REGULATOR.key, UNION.key}


def test_the_seed_is_thirty_two_bytes() -> None:
    for signer in (Ed25519Signer, Ed25519Cosigner, MLDSA44Cosigner):
        with pytest.raises(ValueError, match=r"(?i)32|length|seed"):
            signer("short.example", b"s" * 31).sign(CHECKPOINT.text(), at=NOW)


@given(st.builds(Note, texts, st.lists(signatures, min_size=1, max_size=4).map(tuple)))
def test_a_note_gives_itself_back(note: Note) -> None:
    assert Note.parse(note.format()) == note
    assert Note.parse(note.format().encode()) == note


@given(
    st.builds(
        Checkpoint,
        lines,
        st.integers(0, 2**63 - 1),
        st.binary(min_size=32, max_size=32),
        st.lists(lines, max_size=2).map(tuple),
    )
)
def test_a_checkpoint_gives_itself_back(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        *TRANSCRIBED["bad_checkpoints"]["texts"],
        "Log\n123\nYmFuYW5hcw==\n",  # a root of seven bytes
        f"Log\n0123\n{base64.b64encode(b'r' * 32).decode()}\n",
        f"Log\n{2**63}\n{base64.b64encode(b'r' * 32).decode()}\n",
        f"Log\n٣\n{base64.b64encode(b'r' * 32).decode()}\n",
        f"Log\n1\n{base64.b64encode(b'r' * 32).decode()}\n\n",
        f"Log\n1\n{base64.b64encode(b'r' * 32).decode()}\n\nextension\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        replace(CHECKPOINT, origin=""),
        replace(CHECKPOINT, origin="two\nlines"),
        replace(CHECKPOINT, size=-1),
        replace(CHECKPOINT, size=2**63),
        replace(CHECKPOINT, root=b"short"),
        replace(CHECKPOINT, extensions=("",)),
        replace(CHECKPOINT, origin="tab\t"),
    ],
)
def test_a_checkpoint_that_could_not_be_read_back_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(NoteError):
        checkpoint.text()


@pytest.mark.parametrize(
    "note",
    [
        Note("no newline", (Signature("n", b"abcd", b"s"),)),
        Note("text\n"),
        Note("text\n", (Signature("a b", b"abcd", b"s"),)),
        Note("text\n", (Signature("a+b", b"abcd", b"s"),)),
        Note("text\n", (Signature("", b"abcd", b"s"),)),
        Note("bell\a\n", (Signature("n", b"abcd", b"s"),)),
    ],
)
def test_a_note_that_could_not_be_read_back_is_not_written(note: Note) -> None:
    with pytest.raises(NoteError):
        note.format()


@given(st.binary(max_size=200), st.sampled_from(["", PETER["vkey"], PETER["text"] + "\n" + PETER["line"]]), st.data())
@settings(max_examples=300)
def test_readers_raise_nothing_but_their_own_error(raw: bytes, base: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(base.encode())))
    whole = base.encode()[:cut] + raw + base.encode()[cut:]
    text = whole.decode(errors="surrogateescape")
    readers = (Checkpoint.parse, VerifierKey.parse, Signature.parse, decode_base64, decode_number, Note.parse)
    for read in (*readers, lambda _text: Note.parse(whole)):
        try:
            read(text)
        except NoteError:
            continue
    for key in (PETER_KEY, REGULATOR.key, UNION.key):
        assert not key.verifies(CHECKPOINT.text(), raw)


@given(st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_no_flipped_bit_in_a_signed_checkpoint_goes_unnoticed(bit: int) -> None:
    raw = SIGNED.encode()
    changed = flipped(raw, bit % (len(raw) * 8))
    try:
        note = Note.parse(changed)
        keys = verify(note, [signer.key for signer in SIGNERS])
    except NoteError:
        return
    assert (note.text, len(keys)) == (CHECKPOINT.text(), len(SIGNERS) - 1)  # a line that names a stranger now


SIGNED = sign(CHECKPOINT.text(), signers=SIGNERS, at=NOW).format()
