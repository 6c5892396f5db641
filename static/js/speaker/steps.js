// Shows the part of a page that belongs to its state, and moves the focus there, so that nobody has to look for it.

export class Steps {
  #root;
  state = "";

  constructor(root) {
    this.#root = root;
  }

  to(state, { focus = true } = {}) {
    this.state = state;
    this.#root.dataset.state = state;
    let first;
    for (const part of this.#root.querySelectorAll("[data-when]")) {
      part.hidden = !part.dataset.when.split(" ").includes(state);
      if (!part.hidden && !first && part.matches("[data-here], [data-when] [data-here]")) {
        first = part;
      }
    }
    first ??= this.#root.querySelector("[data-when]:not([hidden]) [data-here]");
    if (focus && first) {
      first.focus({ preventScroll: false });
    }
  }

  text(name, value) {
    for (const place of this.#root.querySelectorAll(`[data-text="${name}"]`)) {
      place.textContent = value;
    }
  }
}
