"""Template tags and filters of the console: moments, durations, figures, and short identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from governance.console import wording

register = template.Library()


@register.simple_tag
def moment(when: datetime | None) -> SafeString | str:
    """A time said relatively, with the exact one on hover and in the markup."""
    if when is None:
        return "Never"
    said = wording.relative(when, now=timezone.now())
    markup = '<time datetime="{}" title="{}">{}</time>'
    return format_html(markup, when.isoformat(timespec="seconds"), wording.exact(when), said)


@register.inclusion_tag("ui/standing.html")
def standing(state: str) -> dict[str, str]:
    """A state as shape, word and colour."""
    meaning, word = wording.standing(state)
    return {"meaning": meaning, "word": word}


@register.filter
def meaning(state: str) -> str:
    return wording.standing(state)[0]


@register.filter
def word(state: str) -> str:
    return wording.standing(state)[1]


@register.filter
def duration(seconds: float) -> str:
    return wording.duration(seconds)


@register.filter
def plainly(slug: str) -> str:
    return wording.plainly(slug)


@register.filter
def midway(slug: str) -> str:
    """A slug as words inside a sentence."""
    return wording.midway(wording.plainly(slug))


@register.filter
def figures(measured: Mapping[str, Any] | None) -> list[wording.Figure]:
    return wording.figures(measured or {})


@register.filter
def breakable(event: str) -> SafeString:
    """The name of an event, which a narrow page may break behind its colons."""
    return format_html_join(SafeString(":<wbr>"), "{}", ((part,) for part in event.split(":")))


@register.filter
def counted(number: int) -> str:
    """A count with its thousands set apart."""
    return f"{number:,}"


@register.filter
def short(identifier: UUID | str) -> str:
    """The last eight digits: the part of a UUIDv7 that tells neighbours apart."""
    return str(identifier)[-8:]


@register.filter
def item(found: Mapping[str, Any], key: str) -> Any:
    """What a mapping holds under a key that the template only knows at run time."""
    return found.get(str(key), "")


@register.filter
def attribute(thing: object, name: str) -> Any:
    """A named part of what another filter found."""
    return getattr(thing, name, "")
