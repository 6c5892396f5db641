// The statement piece by piece: each is recorded in its own time; the words that are good for a short while come last.

import { Microphone } from "./microphone.js";
import { ask, send } from "./send.js";

const PROBLEMS = { NotAllowedError: "blocked", SecurityError: "blocked", NotFoundError: "missing", NotReadableError: "busy" };

class Repetition {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.token = root.querySelector("[name=csrfmiddlewaretoken]").value;
    this.trouble = root.querySelector("[data-trouble]");
    this.button = root.querySelector("[data-send]");
    this.pieces = [...root.querySelectorAll("[data-piece]")].map((element) => ({ element }));
    for (const piece of this.pieces) {
      piece.element.querySelector("[data-act]").addEventListener("click", () => this.#press(piece));
    }
    this.button.addEventListener("click", () => this.#send());
  }

  say(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = text === "";
  }

  async #press(piece) {
    if (piece.recording) {
      await this.#finish(piece);
      return;
    }
    if (piece.element.matches("[data-last]") && !(await this.#takeWords(piece))) {
      return;
    }
    try {
      this.microphone ??= await Microphone.open();
    } catch (error) {
      this.say(this.words[PROBLEMS[error.name] ?? "unsupported"]);
      return;
    }
    if (this.microphone.recording) {
      return;
    }
    this.say("");
    this.microphone.start();
    piece.recording = true;
    piece.element.querySelector("[data-act]").textContent = this.words.finish;
  }

  async #finish(piece) {
    piece.recording = false;
    piece.sound = await this.microphone.stop();
    const player = piece.element.querySelector("audio");
    player.src = URL.createObjectURL(piece.sound);
    player.hidden = false;
    piece.element.querySelector("[data-act]").textContent = this.words.again;
    this.button.disabled = !this.pieces.every((one) => one.sound);
  }

  async #takeWords(piece) {
    const { status, body } = await ask(this.words.challengeUrl, { token: this.token }).catch(() => ({ status: 0 }));
    if (status !== 201) {
      this.say(body?.detail ?? this.words.offline);
      return false;
    }
    this.challenge = body.id;
    const place = piece.element.querySelector("[data-phrase]");
    place.textContent = body.phrase;
    place.hidden = false;
    return true;
  }

  async #send() {
    this.button.disabled = true;
    const form = new FormData();
    form.append("challenge", this.challenge);
    for (const piece of this.pieces) {
      form.append("audio", piece.sound, "piece");
    }
    const { status, body } = await send(this.words.url, form, {
      token: this.token,
      onWaiting: (waiting) => this.say(waiting ? this.words.offline : ""),
    });
    if (body.next) {
      location.assign(body.next);
      return;
    }
    this.say(body.detail ?? (status === 409 ? this.words.expired : this.words.failed));
    this.button.disabled = false;
  }
}

for (const root of document.querySelectorAll("[data-repeat]")) {
  new Repetition(root);
}
