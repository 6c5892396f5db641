from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.standalone import verify_log
from tests.audit.trees import (
    LOG,
    LOG_ML_DSA,
    ORIGIN,
    POLICY,
    REGULATOR,
    UNION,
    VECTORS,
    MemoryLog,
    cases,
    flipped,
    made_leaves,
    needs_vectors,
)
from tests.audit.verifier_faults import (
    FAULTS,
    SALTS,
    STEPS,
    Fault,
    entry,
    folder_with,
    good_proof,
    growth,
    opened_by,
    opening,
    policy,
    proof_command,
    put,
    signed,
    state,
)
from tests.audit.verifier_faults import PAYLOAD as SAID

SOURCE = Path(verify_log.__file__)
TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
# Without these checks the same faults would be refused as well, by a crash or by a later check: they only say it well.
ONLY_CLEARER = (
    "The inclusion proof has fewer hashes",
    "The consistency proof has too few hashes",
    "{what} is missing or of the wrong kind",
    "{what} is not a number",
    "A name is too long for an ML-DSA-44 signature",
    "The checkpoint has no signature lines",
    "and you gave no key for that log",
    "cannot have grown out of one of",
    "not as many salts as its leaf has commitments",
    "Give the log's key",
    "ends in the middle of a leaf",
    "{name} is not defined above this line",  # the quorum; that of a group's member is needed
)


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Iterable[str]], tuple[int, str]]:
    def run(arguments: Iterable[str]) -> tuple[int, str]:
        code = verify_log.main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.err if code else shown.out

    return run


def test_it_runs_alone_on_nothing_but_the_standard_library_and_cryptography(tmp_path: Path) -> None:
    roots = set()
    for node in ast.walk(ast.parse(SOURCE.read_text())):
        if isinstance(node, ast.Import):
            roots |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}
    assert len(SOURCE.read_text().splitlines()) < 600
    alone = put(tmp_path, "verify_log.py", SOURCE.read_bytes())
    arguments = folder_with(lambda _: None)(tmp_path)
    done = subprocess.run([sys.executable, "-I", alone, *arguments], capture_output=True, text=True, cwd=tmp_path)  # noqa: PLW1510
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "OK")
    (tmp_path / "log" / "checkpoint").unlink()
    done = subprocess.run([sys.executable, "-I", alone, *arguments], capture_output=True, text=True, cwd=tmp_path)  # noqa: PLW1510
    assert (done.returncode, done.stderr[:7]) == (1, "FAILED:")


def test_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        verify_log.main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert "WHAT YOU MUST BRING YOURSELF" in shown
    with pytest.raises(SystemExit) as left:
        verify_log.main(["prove"])
    assert left.value.code == 2


def test_a_leaf_is_shown_to_be_in_the_log(tmp_path: Path, answer: Callable[..., tuple[int, str]]) -> None:
    for index in range(8):
        arguments = proof_command(tmp_path, good_proof(index), leaf=made_leaves(8)[index])
        code, said = answer(arguments)
        assert (code, f"at index {index}.\nOK" in said) == (0, True)
    assert "signed by regulator.example (a witness) at 2026-11-18" in said
    assert f"signed by {ORIGIN} (the log)\n" in said
    assert "no witness was asked for" not in said


@pytest.mark.parametrize("signer", [LOG, LOG_ML_DSA], ids=["Ed25519", "ML-DSA-44"])
def test_the_log_s_key_alone_is_enough_but_the_lack_of_witnesses_is_said(
    tmp_path: Path, answer: Callable[..., tuple[int, str]], signer: object
) -> None:
    text = good_proof(checkpoint=signed(state(8), signer)).replace("index", "extra eA==\nindex", 1)
    code, said = answer(proof_command(tmp_path, text, trust=f"--key={signer.key}"))
    assert (code, "no witness was asked for" in said) == (0, True)


def test_an_entry_is_taken_as_the_api_gives_it(tmp_path: Path, answer: Callable[..., tuple[int, str]]) -> None:
    shown = entry(leaf=made_leaves(8)[3])
    files = ["--entry", put(tmp_path, "entry.json", shown), put(tmp_path, "it.tlog-proof", good_proof())]
    assert answer(["proof", policy(tmp_path), *files])[0] == 0


@pytest.mark.parametrize("old", range(1, 9))
def test_a_log_is_shown_to_have_only_grown(tmp_path: Path, answer: Callable[..., tuple[int, str]], old: int) -> None:
    log = MemoryLog(old)
    arguments = growth(state(8).__class__(ORIGIN, old, log.range.root()), state(8))(tmp_path)
    code, said = answer(arguments)
    assert (code, f"The first {old} leaves are the same in both; {8 - old} came after" in said) == (0, True)


def test_a_leaf_is_opened_and_the_erased_commitment_is_named(
    tmp_path: Path, answer: Callable[..., tuple[int, str]]
) -> None:
    code, said = answer(opening(entry())(tmp_path))
    assert (code, "2 of 2 commitments" in said, SAID.decode() in said) == (0, True, True)
    code, said = answer(opening(opened_by(SAID, *SALTS, shown=[None, SALTS[1].hex()]))(tmp_path))
    assert (code, "Commitment 1 cannot be opened" in said, "1 of 2" in said) == (0, True, True)


@pytest.mark.parametrize("sizes", [(1,), (70,), (256,), (70, 257), (1, 300, 513)])
def test_a_copy_of_the_log_is_whole(
    tmp_path: Path, answer: Callable[..., tuple[int, str]], sizes: tuple[int, ...]
) -> None:
    log = MemoryLog(*sizes)
    early = MemoryLog(sizes[0])
    kept = signed(state(8).__class__(ORIGIN, sizes[0], early.range.root()))
    code, said = answer(folder_with(lambda _: None, log, earlier=kept)(tmp_path))
    assert (code, f"All {sizes[-1]} leaves" in said) == (0, True)


def test_an_empty_log_is_whole_too(tmp_path: Path, answer: Callable[..., tuple[int, str]]) -> None:
    assert answer(folder_with(lambda _: None, MemoryLog())(tmp_path))[0] == 0


def test_a_log_with_three_levels_of_tiles_is_whole_and_a_lie_in_the_third_is_found(
    tmp_path: Path, answer: Callable[..., tuple[int, str]]
) -> None:
    log = MemoryLog(65_793)
    arguments = folder_with(lambda _: None, log)(tmp_path)
    assert answer(arguments)[0] == 0
    tile = tmp_path / "log" / "tile" / "2" / "000.p" / "1"
    tile.write_bytes(flipped(tile.read_bytes(), 100))
    code, said = answer(arguments)
    assert (code, "tile/2/000.p/1" in said) == (1, True)


@needs_vectors
def test_the_log_of_tessera_is_whole_with_all_its_states(answer: Callable[..., tuple[int, str]]) -> None:
    folder = VECTORS / "tessera" / "testdata" / "log"
    earlier = [f"--earlier={folder / f'checkpoint.{size}'}" for size in range(16)]
    assert answer(["log", f"--key={TESSERA_KEY}", *earlier, str(folder)])[0] == 0


@needs_vectors
def test_the_official_proofs_are_accepted_and_refused_as_they_say() -> None:
    """Its own way to compute roots, written apart from `audit.merkle`, on all 196 cases."""
    wrong, count = [], 0
    for case in cases("merkle/testdata"):
        count += 1
        path = [verify_log.base64.b64decode(item) for item in case["proof"] or []]
        raw = {
            key: verify_log.base64.b64decode(value or "")
            for key, value in case.items()
            if "oot" in key or "leafHash" in key
        }
        try:
            if "leafIdx" in case:
                verify_log.demand(case["leafIdx"] < case["treeSize"], "")
                verify_log.demand(all(len(item) == 32 for item in [*path, raw["leafHash"]]), "")
                found = verify_log.root_by_inclusion(raw["leafHash"], case["leafIdx"], case["treeSize"], path)
                held = found == raw["root"]
            else:
                verify_log.demand(0 < case["size1"] <= case["size2"], "")
                roots = verify_log.roots_by_consistency(case["size1"], case["size2"], path, raw["root1"])
                held = roots == (raw["root1"], raw["root2"])
        except verify_log.VerificationError:
            held = False
        wrong += [case["file"]] if held == case["wantErr"] else []
    assert (wrong, count) == ([], 196)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_fault_is_found_and_named(fault: Fault, tmp_path: Path, answer: Callable[..., tuple[int, str]]) -> None:
    code, said = answer(fault.prepare(tmp_path))
    assert code == 1
    assert said.startswith("FAILED: ")
    assert verify_log.re.search(fault.says, said), said


def test_every_check_finds_something_that_no_other_check_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `demand` in turn is switched off: some fault must then go through, or the list above must say why not."""
    source = SOURCE.read_text()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    checks = {
        node.lineno: ast.unparse(node.args[1]).replace("\\'", "'")
        for node in calls
        if isinstance(node.func, ast.Name) and node.func.id == "demand"
    }
    real, off, caught = verify_log.demand, [0], [0]

    def demand(condition: object, wrong: str) -> None:
        line = sys._getframe(1).f_lineno
        if not condition and line != off[0]:
            caught[0] = line
        real(condition or line == off[0], wrong)

    monkeypatch.setattr(verify_log, "demand", demand)
    found = defaultdict(list)
    for number, fault in enumerate(FAULTS):
        arguments = fault.prepare(tmp_path / str(number))
        caught[0] = 0
        assert verify_log.main(list(arguments)) == 1
        found[caught[0]].append(arguments)
    assert [checks[line] for line in checks if line not in found] == []
    unneeded = []
    for line, message in checks.items():
        off[0] = line
        if not any(accepted(arguments) for arguments in found[line]):
            unneeded.append(message)
    unexpected = [message for message in unneeded if not any(text in message for text in ONLY_CLEARER)]
    assert (unexpected, len(unneeded)) == ([], len(ONLY_CLEARER))


def accepted(arguments: Iterable[str]) -> bool:
    try:
        return verify_log.main(list(arguments)) == 0
    except (ValueError, IndexError, TypeError, AttributeError, KeyError):
        return False


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_bit_in_any_kind_of_file_goes_unnoticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    arguments = folder_with(lambda _: None)(tmp_path)
    path = data.draw(st.sampled_from(sorted([*STEPS.files, "checkpoint"])))
    file = tmp_path / "log" / path
    raw = file.read_bytes()
    file.write_bytes(flipped(raw, data.draw(st.integers(0, len(raw) * 8 - 1))))
    code = verify_log.main(list(arguments))
    said = capsys.readouterr()
    if code == 0:  # a line of the checkpoint names nobody now, and the others are still a quorum
        assert path == "checkpoint"
        assert said.out.count("signed by") == 3
    else:
        assert said.err.startswith("FAILED: ")


@given(st.binary(max_size=60), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_it_is_given_it_answers_and_never_breaks_down(tmp_path: Path, raw: bytes, data: st.DataObject) -> None:
    commands = [
        proof_command(tmp_path, good_proof()),
        list(growth(state(5), state(8))(tmp_path)),
        list(opening(entry())(tmp_path)),
    ]
    arguments = data.draw(st.sampled_from(commands))
    names = [word.removeprefix("--policy=") for word in arguments if "/" in word and not word.startswith("--key")]
    file = Path(data.draw(st.sampled_from(names)))
    base = file.read_bytes()
    at = data.draw(st.integers(0, len(base)))
    file.write_bytes(base[:at] + raw + base[at + data.draw(st.integers(0, 40)) :])
    assert verify_log.main(arguments) in {0, 1}


def test_what_others_wrote_does_not_reach_the_terminal_as_commands(
    tmp_path: Path, answer: Callable[..., tuple[int, str]]
) -> None:
    text = POLICY.replace("quorum watchers", "quorum \x9b2J")
    assert "\x9b" not in answer(proof_command(tmp_path, good_proof(), trust=policy(tmp_path, text)))[1]
    body = json.dumps({"actor": "\x9b", "data": {}, "refs": {}}, ensure_ascii=False).encode()
    shown = {**opened_by(body, SALTS[0]), "actor": "\x9b", "data": {}, "refs": {}}
    code, said = answer(opening(shown)(tmp_path))
    assert (code, "\x9b" in said) == (0, False)


def test_its_limits_are_those_of_the_log_itself() -> None:
    assert (REGULATOR.key.type, UNION.key.type) == (verify_log.ED25519_COSIGNATURE, verify_log.ML_DSA_44_COSIGNATURE)
    for signer in (LOG, REGULATOR, UNION):
        key = verify_log.read_key(str(signer.key))
        assert (key.name, key.kind, key.public) == (signer.key.name, signer.key.type, signer.key.public)
