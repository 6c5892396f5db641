// An examination's page: says how far it is while it runs; afterwards ties picture, sound and table together.
const PAUSE = 1500;
const LOST_AFTER = 4;

async function follow(waiting) {
  const said = waiting.querySelector("[data-said]");
  const bar = waiting.querySelector("progress");
  const lost = waiting.querySelector("[data-lost]");
  let missed = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    try {
      const response = await fetch(waiting.dataset.waiting, { headers: { Accept: "application/json" } });
      const found = await response.json();
      if (found.ended) {
        window.location.reload();
        return;
      }
      bar.value = found.percent;
      said.textContent = found.doing;
      missed = 0;
    } catch {
      missed += 1;
    }
    lost.hidden = missed < LOST_AFTER;
  }
}

function listen(picture) {
  const stage = picture.querySelector("[data-stage]");
  const map = picture.querySelector("[data-map]");
  const cursor = picture.querySelector("[data-cursor]");
  const audio = picture.querySelector("[data-audio]");
  if (!audio) return;
  const seconds = Number(map.dataset.seconds);
  const source = audio.getAttribute("src");
  const ask = picture.querySelector("[data-load]");
  const refused = picture.querySelector("[data-refused]");
  let loop = null;
  let loaded = null;

  // One request a page, not one for each part that the browser's player would ask for: each is on record.
  audio.removeAttribute("src");
  audio.hidden = true;
  ask.hidden = false;

  async function load() {
    ask.disabled = true;
    const response = await fetch(source);
    if (!response.ok) {
      refused.hidden = false;
      throw new Error("The sound was not released.");
    }
    audio.src = URL.createObjectURL(await response.blob());
    audio.hidden = false;
    ask.hidden = true;
  }

  function ready() {
    loaded ??= load();
    return loaded;
  }

  function show() {
    const share = `${(100 * audio.currentTime) / seconds}%`;
    cursor.setAttribute("x1", share);
    cursor.setAttribute("x2", share);
    picture.classList.add("moving");
    stage.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
    stage.setAttribute("aria-valuetext", `${audio.currentTime.toFixed(1)} seconds`);
  }

  async function go(to) {
    await ready();
    audio.currentTime = Math.min(seconds, Math.max(0, to));
    show();
  }

  async function turn() {
    await ready();
    if (audio.paused) audio.play();
    else audio.pause();
  }

  stage.tabIndex = 0;
  stage.setAttribute("role", "slider");
  stage.setAttribute("aria-label", "Position in the sound");
  stage.setAttribute("aria-describedby", "map-title");
  stage.setAttribute("aria-valuemin", "0");
  stage.setAttribute("aria-valuemax", String(seconds));
  stage.setAttribute("aria-valuenow", "0");
  const ignore = () => {}; // why there is no sound stands on the page already
  ask.addEventListener("click", () => turn().then(() => audio.focus(), ignore));
  stage.addEventListener("click", (event) => {
    const box = map.getBoundingClientRect();
    loop = null;
    go((seconds * (event.clientX - box.left)) / box.width).catch(ignore);
  });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const acts = {
      " ": turn,
      ArrowLeft: () => go(audio.currentTime - 1),
      ArrowRight: () => go(audio.currentTime + 1),
      Home: () => go(0),
      End: () => go(seconds),
    };
    const act = acts[event.key] ?? (/^[1-9]$/.test(event.key) ? () => go((seconds * Number(event.key)) / 10) : null);
    if (!act) return;
    event.preventDefault();
    act().catch(ignore);
  });
  audio.addEventListener("timeupdate", () => {
    if (loop && audio.currentTime >= loop[1]) audio.currentTime = loop[0];
    show();
  });
  picture.querySelector("[data-speed]").addEventListener("change", (event) => {
    audio.defaultPlaybackRate = audio.playbackRate = Number(event.target.value);
  });
  for (const button of picture.querySelectorAll("[data-loop]")) {
    button.addEventListener("click", async () => {
      try {
        loop = button.dataset.loop.split(",").map(Number);
        await go(loop[0]);
        audio.play();
      } catch {
        ignore();
      }
    });
  }
}

for (const waiting of document.querySelectorAll("[data-waiting]")) follow(waiting);
for (const picture of document.querySelectorAll("[data-picture]")) listen(picture);
