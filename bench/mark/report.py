"""Turns what was measured into evaluation/mark.json, into figures with goals, and into the tables of the document."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figure, machine, of_proportion
from bench.mark import attacks, system, trials
from bench.mark.published import AUDIOSEAL

ROOT = Path(__file__).resolve().parent.parent.parent
DESTINATION, DOCUMENT = ROOT / "evaluation" / "mark.json", ROOT / "docs" / "mark-evaluation.md"
GOALS = {"noise 10 dB": 0.95, "babble 10 dB": 0.95} | dict.fromkeys(
    (
        *("none", "mp3 128k", "mp3 64k", "mp3 32k", "aac 64k", "opus 24k", "opus 12k", "g711", "gsm", "amr 12.2k"),
        *("resampled 8k", "resampled 16k", "resampled 22.05k", "resampled 48k", "cut 10 %", "cut 25 %", "cut 50 %"),
        *("random offset", "cut in the middle", "speed 0.9", "speed 1.1", "stretch 0.9", "stretch 1.1", "pitch -2"),
        *("pitch +2", "reverb", "noise 30 dB", "noise 20 dB"),
    ),
    0.99,
)
MEASURES = ("1e-3", "1e-6", "10^4", "10^6", "both", "short id")
Rows = dict[float, dict[str, dict[str, Any]]]


def robustness() -> dict[str, Rows]:
    """For every system whose trials are in the cache, by clip length and attack: counts and means."""
    found: dict[str, Rows] = {}
    for name in trials.SYSTEMS:
        folders = sorted(trials.FOLDER.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime)
        if name == "keyed":
            folders = [path for path in folders if path.name == f"keyed-{system.revision()}"]
        if folders:
            found[name] = _rows(list(trials.lines(folders[-1])), name)
    return found


def figures(rows: Rows) -> list[Figure]:
    """Found at 1e-6 and named among 10^6, with the goals for clips of three seconds."""
    return [
        of_proportion(
            f"keyed mark, {seconds:g} s, {attack}: found at 1e-6 and named of 10^6",
            row["both"],
            row["n"],
            goal=GOALS.get(attack) if seconds == 3.0 else None,  # noqa: PLR2004 -- the length that goals are set for
            direction="at least",
        )
        for seconds, of_length in rows.items()
        for attack, row in of_length.items()
    ]


def write(sections: dict[str, Any]) -> list[Figure]:
    """Everything as JSON; what is not given or no longer in the cache stays as it was if it is of the same source."""
    before = json.loads(DESTINATION.read_text(encoding="utf-8")) if DESTINATION.is_file() else {}
    if before.get("revision") != system.revision():
        before = {}
    found = with_earlier(robustness(), before.get("robustness", {}))
    made = figures(found.get("keyed", {}))
    body = before | sections
    body |= {"revision": system.revision(), "machine": machine(), "robustness": _with_intervals(found)}
    body["figures"] = [{**vars(figure), "met": figure.met} for figure in made]
    DESTINATION.parent.mkdir(exist_ok=True)
    DESTINATION.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    if DOCUMENT.is_file():
        DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), tables(body, found)), encoding="utf-8")
    return made


def with_earlier(found: dict[str, Rows], written: dict[str, Any]) -> dict[str, Rows]:
    """Rows in which as many trials were counted as in no other run: those of the cache, or what was written before."""
    merged: dict[str, Rows] = {name: {s: dict(rows) for s, rows in of.items()} for name, of in found.items()}
    for name, of_lengths in written.items():
        for length, of_attacks in of_lengths.items():
            rows = merged.setdefault(name, {}).setdefault(float(length.removesuffix(" s")), {})
            for attack, row in of_attacks.items():
                if attack not in rows or rows[attack]["n"] < row["n"]:
                    rows[attack] = {key: value for key, value in row.items() if not key.endswith(" interval")}
    return {
        name: {s: {attack: rows[attack] for attack in sorted(rows, key=_place)} for s, rows in sorted(of.items())}
        for name, of in merged.items()
    }


def filled(text: str, named: dict[str, str]) -> str:
    """A document with its tables put between their marks, `<!-- table: name -->` and `<!-- end -->`."""
    for name, table in named.items():
        pattern = rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text, flags=re.DOTALL)
    return text


def tables(body: dict[str, Any], found: dict[str, Rows]) -> dict[str, str]:
    """Every table in Markdown, by name."""
    made = {"three seconds": _of_three_seconds(found), "lengths": _of_lengths(found.get("keyed", {}))}
    for name, of in (
        ("quality", _of_quality),
        ("alarms", _of_alarms),
        ("security", _of_security),
        ("claims", _of_claims),
    ):
        if name in body:
            made[name] = of(body[name])
    return made


def _rows(lines: Sequence[dict[str, Any]], name: str) -> Rows:
    grouped: dict[float, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        grouped[line["clip_seconds"]][line["attack"]].append(line)
    return {
        seconds: {attack: _counted(of_length[attack], name) for attack in sorted(of_length, key=_place)}
        for seconds, of_length in sorted(grouped.items())
    }


def _place(attack: str) -> int:
    """Where an attack stands in the tables."""
    known = (*attacks.SINGLE, *trials.OF_KEYS, *attacks.DOUBLE)
    return known.index(attack) if attack in known else len(known)


def _counted(lines: list[dict[str, Any]], name: str) -> dict[str, Any]:
    n = len(lines)
    if name == "perth":
        return {"n": n, "found": sum(one["found"] for one in lines), "score": sum(o["score"] for o in lines) / n}
    thousand, million = ([one["log10_p"] <= level for one in lines] for level in (-3.0, -6.0))
    counts: dict[str, Any] = {"n": n, "1e-3": sum(thousand), "1e-6": sum(million)}
    if name == "aware":
        return counts | {"bits": sum(one["bits"] for one in lines) / n}
    return counts | {
        "10^4": sum(one["small"] for one in lines),
        "10^6": sum(one["large"] for one in lines),
        "both": sum(found and one["large"] for found, one in zip(million, lines, strict=True)),
        "short id": sum(one["short_id"] for one in lines),
        "pilot": sum(one["pilot"] for one in lines) / n,
        "code": sum(one["code"] for one in lines) / n,
        "least code": min(one["code"] for one in lines),
        "least likeness": min(one["likeness"] for one in lines),
        "times real time": sum(one["seconds"] for one in lines) / max(1e-9, sum(one["spent"] for one in lines)),
    }


def _with_intervals(found: dict[str, Rows]) -> dict[str, Any]:
    """Counts as they are, with Wilson's 95 % intervals beside them."""
    return {
        name: {
            f"{seconds:g} s": {
                attack: row
                | {
                    f"{measure} interval": of_proportion("", row[measure], row["n"], goal=None, direction="").interval
                    for measure in (*MEASURES, "found")
                    if measure in row
                }
                for attack, row in of_length.items()
            }
            for seconds, of_length in rows.items()
        }
        for name, rows in found.items()
    }


def _of_three_seconds(found: dict[str, Rows]) -> str:
    ours, perth, aware = (found.get(name, {}).get(3.0, {}) for name in ("keyed", "perth", "aware"))
    head = "| done to 3 s | score, mean (least) | at 1e-3 | at 1e-6 | of 10^4 | of 10^6 | 1e-6 and of 10^6 | 95 % |"
    lines = [f"{head} short id | Perth | AWARE, 1e-3 / all bits | AudioSeal, published |", "|---|" + "---|" * 11]
    for attack, row in ours.items():
        low, high = of_proportion("", row["both"], row["n"], goal=None, direction="").interval
        goal = GOALS.get(attack)
        bold = "**" if goal and row["both"] / row["n"] < goal else ""
        p, a = perth.get(attack), aware.get(attack)
        lines.append(
            f"| {attack} | {row['code']:.1f} ({row['least code']:.1f}) | {_of(row, '1e-3')} | {_of(row, '1e-6')} |"
            f" {_of(row, '10^4')} | {_of(row, '10^6')} | {bold}{_of(row, 'both')}{bold} | {100 * low:.1f} to"
            f" {100 * high:.1f} % | {_of(row, 'short id')} | {_of(p, 'found') if p else ''} |"
            f" {_of(a, '1e-3') + ' / ' + _of(a, '1e-6') if a else ''} | {AUDIOSEAL.get(attack, '')} |"
        )
    return "\n".join(lines)


def _of_lengths(rows: Rows) -> str:
    names = list(dict.fromkeys(attack for of_length in rows.values() for attack in of_length))
    lines = ["| done to it | " + " | ".join(f"{s:g} s" for s in rows) + " |", "|---|" + "---|" * len(rows)]
    for attack in names:
        cells = [
            f"{row['1e-3']} / {row['1e-6']} / {row['both']} of {row['n']}" if (row := of.get(attack)) else ""
            for of in rows.values()
        ]
        lines.append(f"| {attack} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_quality(layers: dict[str, Any]) -> str:
    heads = {"pesq": "PESQ-wb", "visqol": "ViSQOL", "dnsmos": "DNSMOS change", "snr": "SNR, dB"}
    heads |= {"likeness": "likeness change", "words": "words heard otherwise"}
    lines = ["| layer | clips | " + " | ".join(f"{head}, mean (worst)" for head in heads.values()) + " |"]
    lines.append("|---|---|" + "---|" * len(heads))
    for layer, measures in layers.items():
        cells = [
            f"{of['mean']:.3f} ± {1.96 * of['error']:.3f} ({of['worst']:.2f})" if (of := measures.get(name)) else ""
            for name in heads
        ]
        lines.append(f"| {layer} | {measures['snr']['n']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_alarms(found: dict[str, Any]) -> str:
    claims = list(next(iter(found["kinds"].values()))["rates"])
    lines = ["| sound | trials | " + " | ".join(f"observed / claimed at {claim}" for claim in claims) + " |"]
    lines.append("|---|---|" + "---|" * len(claims))
    for kind, of in sorted(found["kinds"].items(), key=lambda item: item[0] == "all"):
        cells = [
            f"{rate['ratio']:.2f} ({rate['interval'][0]:.2f} to {rate['interval'][1]:.2f})"
            for rate in (of["rates"][claim] for claim in claims)
        ]
        lines.append(f"| {kind} | {of['trials']:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_security(found: dict[str, Any]) -> str:
    lines = ["| attempt | what is counted | result |", "|---|---|---|"]
    lines += [f"| {one['attempt']} | {one['counted']} | {one['result']} |" for one in found["rows"]]
    return "\n".join(lines)


def _of_claims(found: dict[str, Any]) -> str:
    lines = ["| done to it | found where it is claimed | found among the newest 4,096 |", "|---|---|---|"]
    lines += [
        f"| {attack} | {_of(row, 'claimed')} | {_of(row, 'newest')} |" for attack, row in found["attacks"].items()
    ]
    return "\n".join(lines)


def _of(row: dict[str, Any], measure: str) -> str:
    return f"{row[measure]}/{row['n']}"
