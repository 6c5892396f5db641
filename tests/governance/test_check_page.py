"""The page where anyone checks a receipt: what it answers, in which words, and what it never does."""

from __future__ import annotations

import html
import re
import time
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from consent import proof
from consent.models import ConsentRecord
from consent.receipt_finding import in_file
from consent.receipt_token import present
from consent.receipt_wording import receipt_wording
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope
from tests.cast import PASSWORD
from tests.consent.test_notice import grade
from tests.governance.given import Given, give

WORDS = {locale: receipt_wording(locale).check for locale in ("en", "de")}


@pytest.fixture
def given(northwind: Organisation) -> Given:
    return give(northwind)


def check(*, lang: str = "en", client: Client | None = None, **sent: Any) -> Any:
    return (client or Client(enforce_csrf_checks=True)).post(f"/verify?lang={lang}", sent)


def file(content: bytes, name: str = "receipt.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def pdf(given: Given, **query: str) -> bytes:
    content: bytes = Client().get(given.address("/pdf"), query).content
    return content


def said(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def verdict(answer: Any) -> str:
    found = re.search(r'<h2 id="finding">(.*?)</h2>', answer.content.decode())
    assert found, said(answer)
    return html.unescape(found[1])


def rows(answer: Any) -> dict[str, str]:
    return {
        html.unescape(a): html.unescape(b)
        for a, b in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", answer.content.decode())
    }


@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_pasted_receipt_is_real_and_stands(given: Given, lang: str) -> None:
    answer = check(lang=lang, text=given.receipt.sd_jwt)
    assert (answer.status_code, verdict(answer)) == (200, WORDS[lang]["answer"]["valid"])
    assert f'<html lang="{lang}">' in answer.content.decode()


def test_it_shows_what_the_receipt_says_so_that_a_changed_page_is_found_out(given: Given) -> None:
    shown = rows(check(file=file(pdf(given))))
    assert shown["Speaker"] == "Amara Okafor"
    assert shown["May use the voice"] == "Northwind"
    assert shown["In their words"] == "Audiobooks for children, read aloud in our own app"
    assert shown["Receipt number"] == str(given.receipt.id)
    assert shown["For"].count(";") == 1
    terms = {WORDS["en"]["says"][term]: shown[WORDS["en"]["says"][term]] for term in ("territory", "compensation")}
    assert list(terms.values()) == ["Ireland and United Kingdom", "300 euros for each book"]


def test_terms_that_were_never_agreed_on_have_no_row(northwind: Organisation) -> None:
    answer = check(text=give(northwind, territory=[], compensation="").receipt.sd_jwt)
    assert verdict(answer) == WORDS["en"]["answer"]["valid"]
    assert {WORDS["en"]["says"][term] for term in ("territory", "compensation")} & rows(answer).keys() == set()


def test_what_the_holder_did_not_show_stays_hidden(given: Given) -> None:
    answer = check(text=present(given.receipt.sd_jwt, disclose=["purposes.narration"]))
    assert verdict(answer) == WORDS["en"]["answer"]["valid"]
    shown = rows(answer)
    assert set(shown) == {"May use the voice", "For", "Said yes on", "Until", "Receipt number"}
    assert "Amara" not in answer.content.decode()


@pytest.mark.parametrize("copy", ["mine", "to-show"])
def test_the_pdf_is_enough(given: Given, copy: str) -> None:
    assert verdict(check(file=file(pdf(given, copy=copy)))) == WORDS["en"]["answer"]["valid"]


def test_a_text_file_and_a_text_with_line_breaks_are_enough(given: Given) -> None:
    wrapped = "\r\n".join(re.findall(".{1,72}", given.receipt.sd_jwt))
    assert verdict(check(text=f"  {wrapped}\n")) == WORDS["en"]["answer"]["valid"]
    assert verdict(check(file=file(wrapped.encode(), "receipt.txt"))) == WORDS["en"]["answer"]["valid"]


def test_a_pdf_that_was_saved_again_with_compressed_attachments_is_enough(given: Given) -> None:
    packed = zlib.compress(given.receipt.sd_jwt.encode())
    content = b"%PDF-1.7\n1 0 obj\n<</Filter /FlateDecode>>\nstream\r\n" + packed + b"\nendstream\nendobj\n%%EOF\n"
    assert verdict(check(file=file(content))) == WORDS["en"]["answer"]["valid"]


@pytest.mark.parametrize("lang", ["en", "de"])
def test_withdrawn_since_is_said_at_once(given: Given, lang: str) -> None:
    assert Client().post(given.address("/withdraw")).status_code == 200
    answer = check(lang=lang, text=given.receipt.sd_jwt)
    assert verdict(answer) == WORDS[lang]["answer"]["withdrawn"]
    assert 'class="finding deny"' in answer.content.decode()


def test_over_is_said_at_once_and_so_is_that_nothing_is_known_any_more(given: Given) -> None:
    with organisation_scope(given.organisation.id, actor="system"):
        ConsentRecord.objects.filter(id=given.consent.id).update(valid_until=timezone.now() - timedelta(seconds=1))
    assert verdict(check(text=given.receipt.sd_jwt)) == WORDS["en"]["answer"]["expired"]
    Client().post(given.address("/withdraw"))
    with organisation_scope(given.organisation.id, actor="system"):
        proof.destroy(ConsentRecord.objects.get(id=given.consent.id))
    assert verdict(check(text=given.receipt.sd_jwt)) == WORDS["en"]["answer"]["unknown"]


@pytest.mark.parametrize("lang", ["en", "de"])
def test_one_changed_letter_makes_it_not_real_and_nothing_of_it_is_repeated(given: Given, lang: str) -> None:
    jwt, _, rest = given.receipt.sd_jwt.partition("~")
    forged = f"{jwt[:-8]}{'A' if jwt[-8] != 'A' else 'B'}{jwt[-7:]}~{rest}"
    answer = check(lang=lang, text=forged)
    assert verdict(answer) == WORDS[lang]["answer"]["forged"]
    assert rows(answer) == {}
    assert "Amara" not in answer.content.decode()


def test_a_page_with_other_words_on_it_shows_what_was_really_signed(given: Given) -> None:
    """Somebody keeps the signed attachment and prints other terms over it: the page can only be compared."""
    content = pdf(given)
    forged = content.replace(b"/Title", b"/Other", 1)
    assert forged != content
    answer = check(file=file(forged))
    assert rows(answer)["In their words"] == "Audiobooks for children, read aloud in our own app"
    assert WORDS["en"]["says"]["compare"] in said(answer)


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, "empty"),
        ({"text": "  \n"}, "empty"),
        ({"text": "Hello"}, "incomplete"),
        ({"text": "x" * 250_000}, "too_large"),
        ({"text": "ä.b.c~"}, "incomplete"),
    ],
)
def test_what_is_no_receipt_is_named_with_what_to_do(db: None, lang: str, sent: dict[str, str], wrong: str) -> None:
    answer = check(lang=lang, **sent)
    assert answer.status_code == 422
    assert WORDS[lang]["wrong"][wrong] in said(answer)


def test_a_cut_off_receipt_is_not_called_a_forgery_but_asked_for_again(given: Given) -> None:
    answer = check(text=given.receipt.sd_jwt[:-5])
    assert WORDS["en"]["wrong"]["incomplete"] in said(answer)
    assert given.receipt.sd_jwt[:-5] in html.unescape(answer.content.decode())
    assert '<a href="#text">' in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "nothing_found"),
        (b"%PDF-1.4 a scan", "nothing_found"),
        (b"\x00" * 1000, "nothing_found"),
        (b"%PDF-1.4" + b"x" * (2 * 1024 * 1024), "too_large"),
    ],
)
def test_a_file_without_a_receipt_is_named_with_what_to_do(db: None, content: bytes, wrong: str) -> None:
    answer = check(file=file(content))
    assert answer.status_code == 422
    assert WORDS["en"]["wrong"][wrong] in said(answer)


def test_two_receipts_or_two_ways_at_once_are_asked_for_one_at_a_time(given: Given, northwind: Organisation) -> None:
    other = give(northwind).receipt.sd_jwt
    both = f"%PDF-1.7\n{given.receipt.sd_jwt}\n{other}\n"
    assert WORDS["en"]["wrong"]["several"] in said(check(file=file(both.encode())))
    twice = check(file=file(pdf(given)), text=given.receipt.sd_jwt)
    assert WORDS["en"]["wrong"]["both"] in said(twice)


def test_a_file_made_to_keep_us_busy_does_not(db: None) -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    packed = b"%PDF-1.7\n" + b"".join(b"stream\n" + bomb for _ in range(30))
    letters = [
        b"%PDF-1.7\n" + unit * (2_000_000 // len(unit)) for unit in (b"eyJ", b"eyJ.", b"eyJaaaaaaaaaa.", b"stream\n")
    ]
    for content in (packed[: 2 * 1024 * 1024], *letters, b"%PDF-1.7\neyJaaaaaaaaaa.aaaaaaaaaa." + b"a~" * 1_000_000):
        before = time.process_time()
        with pytest.raises(Exception, match="There is no signed receipt"):
            in_file(content)
        assert time.process_time() - before < 3


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_code_on_the_page_tells_the_standing_and_that_this_proves_nothing_about_the_page(
    given: Given, lang: str
) -> None:
    answer = Client().get("/verify", {"receipt": str(given.receipt.id), "lang": lang})
    assert verdict(answer) == WORDS[lang]["code"]["valid"]
    assert WORDS[lang]["code"]["means"] in said(answer)
    assert 'class="finding neutral"' in answer.content.decode()
    assert "Amara" not in said(answer)
    Client().post(given.address("/withdraw"))
    assert (
        verdict(Client().get("/verify", {"receipt": str(given.receipt.id), "lang": lang}))
        == WORDS[lang]["code"]["withdrawn"]
    )


@pytest.mark.parametrize("number", ["b533c279-f4b7-48b6-b26d-1349802b20f3", "12", "<script>alert(1)</script>", "\x00"])
def test_an_unknown_number_is_unknown(db: None, number: str) -> None:
    answer = Client().get("/verify", {"receipt": number, "lang": "en"})
    assert verdict(answer) == WORDS["en"]["code"]["unknown"]
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("de-AT,de;q=0.9,en;q=0.5", "de"), ("en-GB", "en"), ("fr,de;q=0.3", "de"), ("fr", "en"), ("", "en")],
)
def test_it_speaks_the_readers_language(db: None, accepted: str, lang: str) -> None:
    answer = Client().get("/verify", headers={"Accept-Language": accepted})
    assert answer["Content-Language"] == lang
    assert WORDS[lang]["lead"] in said(answer)


def test_it_keeps_nothing_sets_no_cookie_and_loads_nothing_from_elsewhere(given: Given) -> None:
    for answer in (Client().get("/verify"), check(text=given.receipt.sd_jwt)):
        page = answer.content.decode()
        assert not answer.cookies
        assert "no-store" in answer["Cache-Control"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
        assert " style=" not in page
        assert re.findall(r"<script(?![^>]*src=)", page) == []


def test_a_member_who_is_signed_in_learns_no_more_than_anybody(given: Given, ruth: User) -> None:
    client = Client()
    assert client.login(username=ruth.username, password=PASSWORD)
    assert verdict(check(client=client, text=given.receipt.sd_jwt)) == WORDS["en"]["answer"]["valid"]


def test_it_takes_no_other_method(db: None) -> None:
    assert Client().put("/verify").status_code == 405


def flat(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else [text for part in words.values() for text in flat(part)]


def test_it_is_written_so_that_a_twelve_year_old_can_read_it() -> None:
    english = receipt_wording("en")
    sentences = " ".join(text for text in flat(english.check) if text.endswith("."))
    printed = " ".join(text for text in english.receipt.values() if text.endswith("."))
    assert grade(sentences) <= 7
    assert grade(printed) <= 7
