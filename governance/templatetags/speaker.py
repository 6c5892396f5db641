"""Template tags of the speaker's pages: everything they say, in the speaker's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.speaker.words import Words

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: dict[str, Any], name: str, **values: Any) -> SafeString:
    """`page.name` of the words at hand, with the values filled in and escaped."""
    words: Words = context["words"]
    return format_html(words.text(name), **values) if values else SafeString(format_html("{}", words.text(name)))


@register.simple_tag(takes_context=True)
def day(context: dict[str, Any], moment: datetime) -> SafeString:
    """A date in the speaker's language, with the exact moment in the markup."""
    words: Words = context["words"]
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), words.date(moment))
