from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

TEMPLATES = sorted((settings.ROOT / "templates").rglob("*.html"))
STYLES = sorted((settings.ROOT / "static").rglob("*.css"))
TOKENS = (settings.ROOT / "static/css/tokens.css").read_text()
GROUNDS = ("ground", "surface", "sunken")
MEANINGS = ("permit", "hold", "deny", "neutral", "accent")


def name(path: Path) -> str:
    return str(path.relative_to(settings.ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_is_inline(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style\b", text)
    assert not re.search(r"""\sstyle\s*=""", text)
    assert not re.search(r"\son\w+\s*=", text)
    assert not re.search(r"javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_page_has_a_language_and_a_title(path: Path) -> None:
    text = path.read_text()
    is_part = path.parent.name in {"ui", "parts"}
    if "<html" in text:
        assert 'lang="{% block language %}en-GB{% endblock %}"' in text
        assert "<title>" in text
    elif not is_part:
        assert text.startswith("{% extends ")
        assert path.name in {"frame.html", "sheet.html"} or re.search(r"{% block (title|name) %}[^{]*\S", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_static_file_named_exists(path: Path) -> None:
    named = re.findall(r"{% static '([^']+)' %}", path.read_text())
    assert [missing for missing in named if finders.find(missing) is None] == []


@pytest.mark.parametrize("path", [path for path in STYLES if path.name not in {"tokens.css", "print.css"}], ids=name)
def test_colours_come_from_tokens_alone(path: Path) -> None:
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(", path.read_text()) == []


@pytest.mark.parametrize("path", STYLES, ids=name)
def test_every_token_used_is_defined(path: Path) -> None:
    text = path.read_text()
    used = set(re.findall(r"var\((--[\w-]+)", text))
    defined = set(re.findall(r"^\s*(--[\w-]+):", TOKENS, re.MULTILINE))
    assert used - defined - {"--meaning", "--meaning-ground", "--level"} == set()


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(scheme: str) -> None:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))
    pairs = [(text, ground) for text in ("ink", "ink-soft", *MEANINGS) for ground in GROUNDS]
    pairs += [(meaning, f"{meaning}-ground") for meaning in MEANINGS]
    pairs += [("ink", f"{meaning}-ground") for meaning in MEANINGS]
    pairs += [("ink-soft", "accent-ground"), ("surface", "accent")]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edges_of_controls_have_a_contrast_of_at_least_three(scheme: str) -> None:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))
    assert min(contrast(colours["line-strong"], colours[ground]) for ground in GROUNDS) >= 3
