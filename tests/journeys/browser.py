"""A person at a browser: Chromium with a microphone that says what a test wants, and an eye on every page."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the path (Debian's package chromium)")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SERIOUS = {"serious", "critical"}
MICROPHONE = """
(() => {
  const HISS_SECONDS = 180; // longer than any recording: what repeats itself within one is refused as put together
  const context = new AudioContext({ latencyHint: "playback" });
  const out = context.createMediaStreamDestination();
  const hissing = () => {
    const source = context.createBufferSource();
    source.buffer = context.createBuffer(1, HISS_SECONDS * context.sampleRate, context.sampleRate);
    const samples = source.buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i += 1) samples[i] = 0.0004 * (Math.random() - 0.5);
    source.loop = true;
    source.connect(out);
    source.start();
    return source;
  };
  let hiss;
  window.microphoneAsked = [];
  window.microphoneRefused = "";
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    window.microphoneAsked.push(constraints);
    if (window.microphoneRefused) throw new DOMException("no", window.microphoneRefused);
    hiss ??= hissing();
    await context.resume();
    return out.stream.clone();
  };
  window.speak = async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const voice = context.createBufferSource();
    voice.buffer = await context.decodeAudioData(bytes.buffer);
    voice.connect(out);
    await new Promise((resolve) => {
      voice.onended = resolve;
      voice.start();
    });
  };
})();
"""


@dataclass
class Person:
    """Somebody at a browser; what a page did that it must not do is kept."""

    page: Page
    base: str
    also: tuple[dict[str, int], ...] = ()
    """Other sizes at which each page that is shown must be without barriers too."""
    wrongs: list[str] = field(default_factory=list)

    def speak(self, audio: bytes) -> None:
        """Say a WAV file into the microphone, in real time."""
        self.page.evaluate("(encoded) => window.speak(encoded)", base64.b64encode(audio).decode())

    def refuse_microphone(self, error: str) -> None:
        self.page.evaluate("(name) => { window.microphoneRefused = name; }", error)

    def shown(self, name: str) -> None:
        """The page as it stands has no serious barrier at any size; a picture is kept where pictures are wanted."""
        size = self.page.viewport_size
        assert size is not None  # always set here
        self._look(name, width=size["width"])
        for other in self.also:
            self.page.set_viewport_size(other)  # type: ignore[arg-type] -- Playwright's own type is private
            self._look(name, width=other["width"])
        if self.also:
            self.page.set_viewport_size(size)

    def _look(self, name: str, *, width: int) -> None:
        found = Axe().run(self.page).response["violations"]
        self.wrongs += [
            f"{name} at {width}: {v['id']} ({v['nodes'][0]['target']})" for v in found if v["impact"] in SERIOUS
        ]
        folder = os.environ.get("VIVAVOCE_SCREENS")
        if folder:
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
            self.page.emulate_media(color_scheme="light")

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def state(self) -> str:
        return self.page.locator("[data-ceremony]").get_attribute("data-state") or ""


@contextmanager
def person(
    base: str, *, viewport: dict[str, int] = PHONE, also: tuple[dict[str, int], ...] = (), locale: str = "en-GB"
) -> Iterator[Person]:
    """A fresh browser, as somebody has who never saw this before; `also` are sizes to look at its pages in."""
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
        context = browser.new_context(viewport=viewport, locale=locale, has_touch=viewport == PHONE)
        context.add_init_script(MICROPHONE)
        page = context.new_page()
        page.set_default_timeout(60_000)
        someone = Person(page, base, also)
        page.on("request", lambda request: _watch(someone, request.url))
        page.on("console", lambda message: _listen(someone, message.text))
        page.on("pageerror", lambda error: someone.wrongs.append(f"script: {error}"))
        yield someone
        context.close()
        browser.close()


def _watch(someone: Person, url: str) -> None:
    """Nothing is fetched from anywhere else."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https", "ws", "wss"} and f"{parts.scheme}://{parts.netloc}" != someone.base:
        someone.wrongs.append(f"request to {parts.netloc}")


def _listen(someone: Person, text: str) -> None:
    if "Content Security Policy" in text:
        someone.wrongs.append(text)
