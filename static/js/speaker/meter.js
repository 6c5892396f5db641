// A level that a child understands: a bar that fills, and a word for it, so that colour alone says nothing.

const LOWEST_DB = -60;
const QUIET_DB = -42;
const LOUD_DB = -9;

export class Meter {
  #element;
  #words;
  #word;
  #slow = LOWEST_DB;

  constructor(element) {
    this.#element = element;
    this.#words = element.dataset;
    this.#word = element.querySelector("[data-word]");
  }

  show(level) {
    this.#slow = Math.max(level, this.#slow - 1.5);
    const share = Math.min(1, Math.max(0, (this.#slow - LOWEST_DB) / -LOWEST_DB));
    const name = this.#slow < QUIET_DB ? "quiet" : this.#slow > LOUD_DB ? "loud" : "good";
    this.#element.style.setProperty("--level", share.toFixed(3));
    this.#element.dataset.level = name;
    const word = this.#words[name];
    if (this.#word.textContent !== word) {
      this.#word.textContent = word;
    }
  }
}
