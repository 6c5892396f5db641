// The sentences: one button each, a level while it is recorded, and what was found as soon as it is known.

import { Meter } from "./meter.js";
import { Microphone } from "./microphone.js";
import { send } from "./send.js";

const PROBLEMS = { NotAllowedError: "blocked", SecurityError: "blocked", NotFoundError: "missing", NotReadableError: "busy" };

class Samples {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.token = root.querySelector("[name=csrfmiddlewaretoken]").value;
    this.trouble = root.querySelector("[data-trouble]");
    this.takes = new Map();
    for (const element of root.querySelectorAll("[data-take]")) {
      const take = new Take(element, this);
      this.takes.set(element.dataset.take, take);
    }
    if (root.querySelector('[data-status="checking"]')) {
      this.look();
    }
  }

  async microphone() {
    try {
      this.open ??= await Microphone.open();
      this.open.onEnded(() => {
        this.open = undefined;
      });
      this.say("");
      return this.open;
    } catch (error) {
      this.say(this.words[PROBLEMS[error.name] ?? "unsupported"]);
      return undefined;
    }
  }

  say(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = text === "";
  }

  // Asks for what was found until nothing is being checked any more.
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      try {
        const answer = await fetch(this.words.statusUrl, { headers: { Accept: "application/json" } });
        this.show(await answer.json());
      } catch {
        this.look();
      }
    }, 1200);
  }

  show(state) {
    if (state.next) {
      location.assign(state.next);
      return;
    }
    if (!state.samples) {
      return;
    }
    for (const [number, found] of Object.entries(state.samples)) {
      this.takes.get(number)?.show(found);
    }
    const tally = this.words.progress.replace("{done}", state.done).replace("{needed}", state.needed);
    this.root.querySelector("[data-tally]").textContent = tally;
    this.root.querySelector("[data-done]").disabled = !state.enough;
    if (state.checking) {
      this.look();
    }
  }
}

class Take {
  constructor(element, samples) {
    this.element = element;
    this.samples = samples;
    this.button = element.querySelector("[data-act]");
    this.meter = new Meter(element.querySelector("[data-meter]"));
    this.outcome = element.querySelector("[data-outcome]");
    this.player = element.querySelector("audio");
    this.button.addEventListener("click", () => (this.recording ? this.finish() : this.record()));
  }

  async record() {
    const microphone = await this.samples.microphone();
    if (!microphone || microphone.recording) {
      return;
    }
    microphone.start();
    this.recording = microphone;
    this.button.textContent = this.samples.words.finish;
    this.element.querySelector("[data-meter]").hidden = false;
    this.unwatch = microphone.watch((level) => this.meter.show(level));
  }

  async finish() {
    const microphone = this.recording;
    this.recording = undefined;
    this.unwatch();
    this.element.querySelector("[data-meter]").hidden = true;
    const sound = await microphone.stop();
    this.player.src = URL.createObjectURL(sound);
    this.player.hidden = false;
    this.show({ status: "checking", problems: [] });
    const form = new FormData();
    form.append("number", this.element.dataset.take);
    form.append("audio", sound, "sentence");
    const { status, body } = await send(this.samples.words.url, form, {
      token: this.samples.token,
      onWaiting: (waiting) => this.samples.say(waiting ? this.samples.words.offline : ""),
    });
    if (status === 202) {
      this.samples.show(body);
    } else if (body.next) {
      location.assign(body.next);
    } else {
      this.show({ status: "refused", problems: [body.detail ?? this.samples.words.failed] });
    }
  }

  show({ status, problems }) {
    if (this.recording) {
      return;
    }
    this.element.dataset.status = status;
    this.outcome.textContent = { good: this.samples.words.good, checking: this.samples.words.checking }[status] ?? "";
    this.button.textContent = this.samples.words.again;
    this.button.classList.toggle("quiet", status === "good");
    const list = this.element.querySelector("[data-problems]");
    list.replaceChildren(...problems.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }
}

for (const root of document.querySelectorAll("[data-samples]")) {
  new Samples(root);
}
