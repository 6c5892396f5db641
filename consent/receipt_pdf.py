"""The receipt on one page of paper: what was agreed, how to take it back, and how anyone can check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consent.receipt_drawing import Sheet
from consent.receipt_wording import ReceiptWording, receipt_wording
from consent.tagged_pdf import TaggedPage, printable
from consent.wording import wording

ATTACHMENT = "receipt.sd-jwt.txt"
PROOF_ATTACHMENT = "log-entry.json"
# Characters of a value, and how large the print is: tried in turn until everything fits on the page.
FITTING = ((2000, 1.0), (2000, 0.9), (2000, 0.8), (900, 0.8), (400, 0.8), (160, 0.8), (60, 0.8))


@dataclass(frozen=True)
class Printing:
    """What goes on the page beside the receipt's body.

    `own_link` is the speaker's secret; without it, the page is a copy to show to others. `logged` is the place in
    the log, `proof` the file that proves it.
    """

    sd_jwt: str
    key_id: str
    check_url: str
    own_link: str | None
    logged: int | None
    proof: bytes | None


def render(body: Mapping[str, Any], printing: Printing) -> bytes:
    """The PDF, in the receipt's language; raises `ConsentError` for a language in which there is no receipt."""
    words = receipt_wording(body["language"])
    for length, scale in FITTING:
        page = _page(body, words)
        sheet = Sheet(page, scale=scale)
        _Composition(sheet, body, printing, words, length).everything()
        if sheet.fits():
            break
    else:
        raise ValueError("The receipt does not fit on one page, however short its parts are cut.")
    attached = f"{printing.sd_jwt}\n".encode()
    page.attach(ATTACHMENT, attached, media_type="text/plain", description=words.receipt["signed_attachment"])
    if printing.proof is not None:
        described = words.receipt["proof_attachment"]
        page.attach(PROOF_ATTACHMENT, printing.proof, media_type="application/json", description=described)
    return page.finish()


def _page(body: Mapping[str, Any], words: ReceiptWording) -> TaggedPage:
    organisation = body["pii_controller"]["name"]
    return TaggedPage(
        title=f"{words.receipt['title']} · {organisation}",
        author=organisation,
        subject=f"{words.receipt['number']} {body['receipt_id']}",
        language=words.locale,
    )


class _Composition:
    """One attempt at the page, with every value cut at the same length."""

    def __init__(
        self, sheet: Sheet, body: Mapping[str, Any], printing: Printing, words: ReceiptWording, length: int
    ) -> None:
        self.sheet, self.body, self.printing, self.length = sheet, body, printing, length
        self.words, self.said = words, words.receipt
        self.complete = True
        self.organisation = self.shown(body["pii_controller"]["name"])
        self.given, self.until = (words.date(body["consent"][key]) for key in ("given_at", "valid_until"))

    def shown(self, value: Any) -> str:
        """A value as it can be printed: in one line, cut if it has to be, and never as empty boxes."""
        text = " ".join(str(value).split())
        if printable(text) and len(text) <= self.length:
            return text
        self.complete = False
        if not printable(text):
            return self.said["unprintable"]
        return f"{text[: self.length].rstrip()}{self.said['cut']}"

    def everything(self) -> None:
        name = self.shown(self.body["pii_principal"]["name"])
        lead = self.said["lead"].format(name=name, organisation=self.organisation, given=self.given)
        self.sheet.opening(
            title=self.said["title"],
            lead=lead,
            code=self.printing.check_url,
            code_means=self.said["check_code"],
            caption=self.said["check_short"],
        )
        self.agreed()
        self.sheet.heading(self.said["term"])
        self.sheet.paragraph(self.said["until"].format(given=self.given, until=self.until))
        self.back()
        self.proof()
        self.sheet.heading(self.said["check"])
        address = self.printing.check_url.partition("?")[0]
        how = self.said["check_how"].format(address=address, attachment=ATTACHMENT)
        self.sheet.paragraph(how if self.complete else f"{how} {self.said['elsewhere']}")

    def agreed(self) -> None:
        self.sheet.heading(self.said["agreed"])
        self.sheet.paragraph(self.said["may"].format(organisation=self.organisation))
        self.sheet.items([self.shown(purpose["description"]) for purpose in self.body["purposes"]])
        self.sheet.rows([(self.said[name], self.shown(value)) for name, value in self.terms().items()])

    def terms(self) -> dict[str, str]:
        """Each of the terms that this receipt has, in words; one that was never agreed on is empty and has no row."""
        body, found = self.body, {"intended_use": self.body["intended_use"]}
        found["languages"] = self.words.spoken(body["languages_spoken"])
        if body.get("territory"):
            found["territory"] = wording(self.words.locale).places(body["territory"])
        if body.get("compensation"):
            found["compensation"] = body["compensation"]
        if "recipients" in body:
            found["recipients"] = ", ".join(body["recipients"]) or self.said["nobody"]
        if "clips_may_be_distributed" in body:
            found["distribution"] = self.said["yes" if body["clips_may_be_distributed"] else "no"]
        return found

    def back(self) -> None:
        own_link = self.printing.own_link
        says = [self.said["any_time"]]
        says += [self.said["your_link"], self.said["yours_alone"]] if own_link else [self.said["no_link"]]
        self.sheet.framed(self.said["back"], says, link=own_link, code_means=self.said["own_code"])

    def proof(self) -> None:
        logged = self.printing.logged
        notice = self.body["notice"]
        rows = {
            "number": self.body["receipt_id"],
            "notice": notice["version"],
            "notice_hash": notice["sha256"],
            "recording": self.body["consent"]["recording_sha256"],
            "key": self.printing.key_id,
            "log": self.said["log_waiting"] if logged is None else self.said["log_at"].format(index=logged),
        }
        self.sheet.heading(self.said["proof"])
        self.sheet.rows([(self.said[name], str(value)) for name, value in rows.items()], small=True)
