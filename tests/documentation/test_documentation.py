"""Documentation says what there is: problems, events, commands, settings, make targets; modules stay small."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from audit.events import Event
from governance.api.catalogue import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
APPS = ["governance", "voices", "consent", "safety", "watermark", "synth_adapter", "audit", "tenancy"]
MODULES = [
    file for app in [*APPS, "deploy", "bench"] for file in (ROOT / app).rglob("*.py") if "migrations" not in file.parts
]


def text(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("slug", PROBLEMS)
def test_every_problem_is_documented_with_its_status_and_way_forward(slug: str) -> None:
    problem = PROBLEMS[slug]
    assert f"| `/problems/{slug}` | {problem.status} | {problem.title} | {problem.way_forward} |" in text(
        "docs/errors.md"
    )


def test_no_problem_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"`/problems/([\w-]+)`", text("docs/errors.md"))) == set(PROBLEMS)


def test_every_event_is_documented() -> None:
    documented = set(re.findall(r"`([a-z-]+:[a-z-]+:[a-z-]+)`", text("docs/concepts.md")))
    assert documented == {event.value for event in Event}


def test_every_management_command_is_documented() -> None:
    commands = {
        file.stem
        for app in APPS
        for file in (ROOT / app / "management" / "commands").glob("*.py")
        if file.stem != "__init__"
    }
    documented = set(re.findall(r"`manage\.py (\w+)", text("docs/operations.md")))
    assert commands - documented == set()


def test_every_environment_variable_of_the_settings_is_documented() -> None:
    source = text("governance/settings.py")
    read = set(re.findall(r"environment\.(?:text|boolean|integer|folder|choice)\(\s*\"(\w+)\"", source))
    documented = set(re.findall(r"^\| `(\w+)` \|", text("docs/operations.md"), re.MULTILINE))
    assert read - documented == set()


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = set(
        re.findall(
            r"(?:`|^)make ([a-z-]+)",
            text("README.md") + text("CONTRIBUTING.md") + text("docs/operations.md"),
            re.MULTILINE,
        )
    )
    assert named - targets == set()


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
        local = [target for target in targets if not target.startswith("http")]
        broken += [f"{page.name}: {target}" for target in local if not (page.parent / target).exists()]
    assert broken == []


@pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_says_what_it_is_for_and_stays_small(module: Path) -> None:
    source = module.read_text()
    given_away = {"verify_log.py": 600, "verify.py": 900}  # each of them one file
    assert len(source.splitlines()) <= given_away.get(module.name, 300)
    assert ast.get_docstring(ast.parse(source)), "a module opens with one sentence on its responsibility"


def test_the_lock_pins_what_the_project_asks_for() -> None:
    asked = re.findall(r"^    \"([\w.-]+)(?:\[\w+\])?==([\w.]+)\"", text("pyproject.toml"), re.MULTILINE)
    lock = text("requirements.lock").lower()
    missing = [
        f"{name}=={version}" for name, version in asked if f"\n{name.lower().replace('_', '-')}=={version}" not in lock
    ]
    assert missing == []
