// The microphone page: turn it on, listen to the room, say the words, listen back, send.

import { forget, keep, kept } from "./keep.js";
import { Meter } from "./meter.js";
import { Microphone } from "./microphone.js";
import { ask, send } from "./send.js";
import { Steps } from "./steps.js";

const ROOM_SECONDS = 2;
const NOISY_ROOM_DB = -45;
const QUIET_SPEECH_DB = -42;
const CLIPPED = 0.99;
const LEAST_SECONDS = 4;

const PROBLEMS = { NotAllowedError: "blocked", SecurityError: "blocked", NotFoundError: "missing", NotReadableError: "busy" };

class Ceremony {
  constructor(root) {
    this.root = root;
    this.steps = new Steps(root);
    this.meter = new Meter(root.querySelector("[data-meter]"));
    this.player = root.querySelector("audio");
    this.token = root.querySelector("[name=csrfmiddlewaretoken]").value;
    this.key = root.dataset.key;
    for (const button of root.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => this[button.dataset.act]());
    }
  }

  async begin() {
    const earlier = await kept(this.key);
    if (earlier) {
      this.recorded = earlier;
      this.steps.to(Date.now() < earlier.sendBefore ? "found" : "expired", { focus: false });
    } else {
      this.steps.to("ready", { focus: false });
    }
  }

  async turnOn() {
    try {
      this.microphone ??= await Microphone.open();
    } catch (error) {
      this.steps.to(PROBLEMS[error.name] ?? "unsupported");
      return;
    }
    this.microphone.onEnded(() => {
      this.microphone = undefined;
      this.stopClock();
      this.steps.to("gone");
    });
    this.stopWatching ??= this.microphone.watch((level) => this.#heard(level));
    this.steps.to("room");
    const room = await this.microphone.mean(ROOM_SECONDS);
    this.steps.to(room > NOISY_ROOM_DB ? "noisy" : "quiet");
  }

  async record() {
    const { status, body } = await ask(this.root.dataset.challengeUrl, { token: this.token }).catch(() => ({ status: 0 }));
    if (status !== 201) {
      this.#refused(status, body);
      return;
    }
    await forget(this.key);
    this.challenge = body;
    this.until = Date.now() + 1000 * body.seconds;
    this.steps.text("phrase", body.phrase);
    this.loudest = -100;
    this.startedAt = Date.now();
    this.microphone.start();
    this.steps.to("recording");
    this.stopClock();
    this.clock = setInterval(() => this.#tick(), 250);
  }

  async finish() {
    this.stopClock();
    const sound = await this.microphone.stop();
    const seconds = (Date.now() - this.startedAt) / 1000;
    if (seconds < LEAST_SECONDS) {
      this.steps.to("short");
      return;
    }
    this.recorded = { sound, challenge: this.challenge.id, sendBefore: this.until + 1000 * this.challenge.send_seconds };
    const committed = await this.#commit(sound);
    if (committed) {
      await keep(this.key, this.recorded);
    }
    this.player.src = URL.createObjectURL(sound);
    const warning = this.microphone.peak >= CLIPPED ? "loud" : this.loudest < QUIET_SPEECH_DB ? "quiet" : "";
    this.root.dataset.warning = warning;
    for (const part of this.root.querySelectorAll("[data-warn]")) {
      part.hidden = part.dataset.warn !== warning;
    }
    this.steps.to("listen");
  }

  async transmit() {
    this.steps.to("sending");
    const form = new FormData();
    form.append("challenge", this.recorded.challenge);
    form.append("audio", this.recorded.sound, "recording");
    const { status, body } = await send(this.root.dataset.recordingUrl, form, {
      token: this.token,
      onProgress: (share) => this.#progress(share),
      onWaiting: (waiting) => this.steps.to(waiting ? "offline" : "sending", { focus: false }),
    });
    if (status === 202) {
      await forget(this.key);
      this.microphone?.close();
      location.assign(body.next);
      return;
    }
    this.#refused(status, body);
  }

  async discard() {
    await forget(this.key);
    this.recorded = undefined;
    this.steps.to(this.microphone ? "quiet" : "ready");
  }

  stopClock() {
    clearInterval(this.clock);
  }

  // Says which recording will come, while the phrase is good: so a slow network does not make it late.
  async #commit(sound) {
    const digest = await crypto.subtle.digest("SHA-256", await sound.arrayBuffer());
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const form = new FormData();
    form.append("challenge", this.recorded.challenge);
    form.append("sha256", hex);
    const answer = await ask(this.root.dataset.commitUrl, { token: this.token, body: form }).catch(() => ({ status: 0 }));
    return answer.status === 200;
  }

  async #tick() {
    const left = Math.max(0, Math.ceil((this.until - Date.now()) / 1000));
    this.steps.text("left", String(left));
    this.root.querySelector("[data-left-bar]").value = left / this.challenge.seconds;
    if (left === 0) {
      this.stopClock();
      await this.microphone.stop();
      this.steps.to("expired");
    }
  }

  #heard(level) {
    this.loudest = Math.max(this.loudest ?? -100, level);
    this.meter.show(level);
  }

  #progress(share) {
    this.root.querySelector("[data-sent]").value = share;
  }

  #refused(status, body) {
    if (body?.next) {
      location.assign(body.next);
      return;
    }
    const known = { "challenge-expired": "expired", "challenge-used": "used", "challenge-of-another-session": "elsewhere" };
    this.steps.text("problem", body?.detail ?? "");
    this.steps.to(known[body?.code] ?? (status === 0 ? "offline-now" : "failed"));
  }
}

for (const root of document.querySelectorAll("[data-ceremony]")) {
  new Ceremony(root).begin();
}
