"""The program that outsiders run: it accepts what we sign, and refuses every change, with nothing of ours at hand."""

from __future__ import annotations

import ast
import base64
import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.leaves import commitment, leaf, payload
from audit.merkle import inclusion_proof, leaf_hash
from audit.notes import Ed25519Signer
from audit.proofs import format_proof
from consent import receipt_token, sd_jwt
from consent.receipt_token import present
from consent.standalone import verify_receipt
from tenancy import jws
from tenancy.ids import new_id
from tests.audit.trees import LOG, LOG_ML_DSA, ORIGIN, STRANGER, MemoryLog, made_leaves, naive_node
from tests.consent.bodies import BODY
from tests.consent.rfc9901 import DISCLOSURES
from tests.consent.test_sd_jwt import REFUSED

SALT = bytes(range(32))
Answer = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def token() -> str:
    return receipt_token.issue(BODY)


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Runs the program over a receipt, the key set as we publish it, and the log's evidence if there is any."""

    def run(token: str, *, keys: Any = None, evidence: Any = None, log_key: str = str(LOG.key)) -> tuple[int, str]:
        (tmp_path / "receipt").write_text(token, encoding="utf-8")
        (tmp_path / "keys").write_text(json.dumps(keys or jws.key_set()))
        arguments = ["--keys", str(tmp_path / "keys"), str(tmp_path / "receipt")]
        if evidence is not None:
            (tmp_path / "entry").write_text(json.dumps(evidence))
            arguments += ["--log-entry", str(tmp_path / "entry"), "--log-key", log_key]
        code = verify_receipt.main(arguments)
        shown = capsys.readouterr()
        return code, shown.err if code else shown.out

    return run


def evidence_of(token: str, *, event: str = "consent:receipt:issued", size: int = 11, at: int = 6, **data: str) -> Any:
    """An entry about the token in a log of this size, as GET /v1/receipts/…/proof answers."""
    said = {"sd_jwt_sha256": hashlib.sha256(token.split("~", maxsplit=1)[0].encode()).hexdigest(), **data}
    committed = payload("system", said, {"consent": str(new_id())})
    mine = leaf(
        event_id=new_id(),
        event=event,
        occurred_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
        organisation_tag="0" * 32,
        commitments=[commitment(committed, salt=SALT)],
    )
    leaves = [*made_leaves(at), mine, *made_leaves(size)[at + 1 :]]
    log = MemoryLog()
    log.take(leaves)
    hashes = [leaf_hash(one) for one in leaves]
    path = inclusion_proof(at, size, node=naive_node(hashes))
    return {
        "entry": {
            "log": {"index": at, "leaf": base64.b64encode(mine).decode()},
            "opening": {"payload": base64.b64encode(committed).decode(), "salts": [{"salt": SALT.hex()}]},
        },
        "tlog_proof": format_proof(at, path, log.checkpoint()),
    }


def test_it_runs_alone_on_nothing_but_the_standard_library_and_cryptography(token: str, tmp_path: Path) -> None:
    source = Path(verify_receipt.__file__)
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    alone = tmp_path / "verify_receipt.py"
    alone.write_bytes(source.read_bytes())
    (tmp_path / "keys").write_text(json.dumps(jws.key_set()))
    (tmp_path / "receipt").write_text(token)
    command = [sys.executable, "-I", str(alone), "--keys", "keys", "receipt"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1][:3]) == (0, "OK.")


def test_the_whole_receipt_is_shown_and_so_is_a_part(token: str, answer: Answer) -> None:
    code, said = answer(token)
    assert (code, "Amara Okafor" in said, "17 claims are shown" in said) == (0, True, True)
    code, said = answer(present(token, disclose=["purposes.games"]))
    assert (code, "Amara Okafor" in said, "giving a voice to characters" in said) == (0, False, True)
    assert "1 claims are shown" in said


def test_it_takes_a_single_key_and_line_breaks(token: str, answer: Answer) -> None:
    wrapped = "\n".join(token[at : at + 70] for at in range(0, len(token), 70)) + "\n"
    assert answer(wrapped, keys=jws.key_set()["keys"][0])[0] == 0


def test_every_single_letter_matters(token: str) -> None:
    letters, keys = itertools.cycle("ABCDwxyz0189-_.~"), verify_receipt.trusted_keys(json.dumps(jws.key_set()).encode())
    for at, letter in enumerate(token):
        other = next(one for one in letters if one != letter)
        with pytest.raises(verify_receipt.VerificationError):
            verify_receipt.check_receipt(token[:at] + other + token[at + 1 :], keys)


def test_a_key_that_was_not_given_is_not_trusted(token: str, answer: Answer) -> None:
    key = {**jws.key_set()["keys"][0]}
    assert "which you did not give" in answer(token, keys={**key, "kid": "ed25519:another"})[1]
    x = base64.urlsafe_b64encode(LOG.key.public).rstrip(b"=").decode()
    assert "does not verify" in answer(token, keys={**key, "x": x})[1]
    assert "no Ed25519 key" in answer(token, keys={**key, "crv": "P-256"})[1]


@pytest.mark.parametrize("kind", ["JWT", "kb+jwt"])
def test_something_else_that_was_signed_is_no_receipt(answer: Answer, kind: str) -> None:
    assert "something else than a receipt" in answer(jws.write({"receipt_id": "1"}, kind=kind) + "~")[1]


@pytest.mark.parametrize("fault", REFUSED)
def test_what_the_standard_refuses_is_refused_though_it_is_signed(answer: Answer, fault: str) -> None:
    more, disclosures = REFUSED[fault]
    claims = {"_sd": [sd_jwt.digest_of(DISCLOSURES["given_name"])], **more}
    token = "~".join([jws.write(claims, kind=receipt_token.KIND), *disclosures, ""])
    code, said = answer(token)
    assert (code, said[:8]) == (1, "FAILED: ")


@pytest.mark.parametrize(("size", "at"), [(1, 0), (2, 0), (2, 1), (5, 4), (7, 3), (8, 7), (11, 6), (300, 256)])
def test_the_log_knows_this_very_receipt(token: str, answer: Answer, size: int, at: int) -> None:
    part = present(token, disclose=["intended_use"])
    code, said = answer(part, evidence=evidence_of(token, size=size, at=at))
    assert (code, f"In the log at index {at} of {size}" in said) == (0, True)


def test_an_entry_about_something_else_proves_nothing(token: str, answer: Answer) -> None:
    other = receipt_token.issue(BODY)
    assert "about another receipt" in answer(token, evidence=evidence_of(other))[1]
    assert (
        "something else than a receipt" in answer(token, evidence=evidence_of(token, event="voice:record:created"))[1]
    )


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[Any], None]:
    """A change of the proof's lines: the header, the index, three or four hashes, the checkpoint."""

    def run(evidence: Any) -> None:
        evidence["tlog_proof"] = "\n".join(change(evidence["tlog_proof"].split("\n")))

    return run


def swapped(old: str, new: str) -> Callable[[Any], None]:
    return lines(lambda found: [line.replace(old, new) if line == old else line for line in found])


def longer(part: str, key: str) -> Callable[[Any], None]:
    """The bytes of an entry's part, with a space after them."""

    def run(evidence: Any) -> None:
        within = evidence["entry"][part]
        within[key] = base64.b64encode(base64.b64decode(within[key]) + b" ").decode()

    return run


def salted(salt: str | None) -> Callable[[Any], None]:
    return lambda evidence: evidence["entry"]["opening"].update(salts=[{"salt": salt}])


FAULTS: dict[str, Callable[[Any], None]] = {
    "another payload": longer("opening", "payload"),
    "another salt": salted("00" * 32),
    "no salt": salted(None),
    "another leaf": longer("log", "leaf"),
    "another index": swapped("index 6", "index 7"),
    "an index beyond the log": swapped("index 6", "index 60"),
    "another size": swapped("11", "12"),
    "another format": swapped("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
    "another order": lines(lambda found: [*found[:2], found[3], found[2], *found[4:]]),
    "a hash too few": lines(lambda found: [*found[:2], *found[3:]]),
    "a hash too many": lines(lambda found: [*found[:2], found[2], *found[2:]]),
    "no signature": lines(lambda found: [line for line in found if not line.startswith(f"— {ORIGIN} ")]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_part_of_the_evidence_is_needed(token: str, answer: Answer, fault: str) -> None:
    evidence = evidence_of(token)
    assert answer(token, evidence=evidence)[0] == 0
    FAULTS[fault](evidence)
    code, said = answer(token, evidence=evidence)
    assert (code, said[:8]) == (1, "FAILED: ")


def test_the_log_is_believed_under_the_key_that_was_given_and_no_other(token: str, answer: Answer) -> None:
    evidence = evidence_of(token)
    stranger = Ed25519Signer(ORIGIN, b"\x07" * 32)
    assert "not signed with the log's key" in answer(token, evidence=evidence, log_key=str(stranger.key))[1]
    assert "not one of stranger.example" in answer(token, evidence=evidence, log_key=str(STRANGER.key))[1]
    assert answer(token, evidence=evidence, log_key=str(LOG_ML_DSA.key))[0] == 1
    assert answer(token, evidence=evidence, log_key="nonsense")[0] == 1


@pytest.mark.parametrize("junk", ["", "~", "..~", "a.b.c~", "{}", "\x00", "é~", "[" * 100_000])
def test_whatever_it_is_given_it_answers_and_never_breaks_down(token: str, answer: Answer, junk: str) -> None:
    assert answer(junk)[0] == 1
    assert answer(token, evidence={"entry": junk, "tlog_proof": junk})[0] == 1
    assert answer(token, keys={"keys": [junk]})[0] == 1


def test_what_others_wrote_does_not_reach_the_terminal_as_commands(answer: Answer) -> None:
    code, said = answer(receipt_token.issue({**BODY, "intended_use": "\x9b2J\x1b[2J"}))
    assert (code, "\x9b" in said, "\x1b" in said) == (0, False, False)
