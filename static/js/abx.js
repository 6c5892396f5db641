// The listening test: loads the three sounds of a trial, changes over between them at the same place, answers without
// leaving the page. Which one X is, the server alone knows; a sound of the listener's own stays in this browser.
const root = document.querySelector("[data-abx]");
const chooser = root.querySelector("[data-file]");
const own = root.dataset.own === "yes";
const JUMP = 0.5;
let sounds = {};
let current = null;

function refuse(words) {
  const refused = root.querySelector("[data-refused]");
  refused.textContent = words;
  refused.hidden = false;
}

async function fetched(audio) {
  const sent = { headers: {} };
  if (own) {
    const body = new FormData();
    body.append("file", chooser.files[0]);
    body.append("csrfmiddlewaretoken", root.querySelector("[name=csrfmiddlewaretoken]").value);
    Object.assign(sent, { method: "POST", body });
  }
  const response = await fetch(audio.dataset.from, sent);
  if (!response.ok) {
    const said = response.headers.get("Content-Type")?.startsWith("text/plain");
    throw new Error(said ? await response.text() : "The sound did not come. Load this page again.");
  }
  return URL.createObjectURL(await response.blob());
}

function play(name) {
  const next = sounds[name];
  const at = current ? current.currentTime : 0;
  for (const audio of Object.values(sounds)) if (audio !== next) audio.pause();
  if (current && current !== next) next.currentTime = at >= current.duration ? 0 : at;
  current = next;
  next.play();
}

function pause() {
  current.pause();
}

async function prepare() {
  const trial = root.querySelector("[data-trial]");
  for (const audio of Object.values(sounds)) URL.revokeObjectURL(audio.src);
  sounds = {};
  current = null;
  for (const audio of trial.querySelectorAll("[data-sound]")) {
    sounds[audio.dataset.sound] = audio;
    if (audio.dataset.from) continue;
    audio.dataset.from = audio.getAttribute("src");
    audio.removeAttribute("src");
    audio.addEventListener("play", () => {
      for (const other of Object.values(sounds)) if (other !== audio) other.pause();
      current = audio;
    });
    for (const event of ["play", "pause", "ended"]) {
      audio.addEventListener(event, () => audio.closest("li").classList.toggle("playing", !audio.paused && !audio.ended));
    }
  }
  trial.querySelector("[data-answer]").addEventListener("submit", send);
  if (own && !chooser.files.length) return;
  const loading = trial.querySelector("[data-loading]");
  loading.textContent = "The three sounds are being made.";
  try {
    const found = await Promise.all(Object.values(sounds).map(fetched));
    Object.values(sounds).forEach((audio, index) => {
      audio.src = found[index];
    });
    trial.querySelector("[data-refused]").hidden = true;
    trial.querySelector("[data-sounds]").hidden = false;
    trial.querySelector("[data-keys]").hidden = false;
  } catch (error) {
    refuse(error.message);
  } finally {
    loading.textContent = "";
  }
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  if (own && !chooser.files.length) {
    refuse("Choose a sound first.");
    chooser.focus();
    return;
  }
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form, event.submitter) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector("[data-trial]");
    if (!next) {
      window.location.assign(response.url);
      return;
    }
    root.querySelector("[data-trial]").replaceWith(next);
    document.title = page.title;
    next.querySelector("[data-number]").focus();
    await prepare();
  } catch {
    delete form.dataset.sent;
    refuse("Your answer did not reach us. Answer again.");
  }
}

// Letters are keys only while the focus is inside the trial, so that they disturb nobody who navigates by keys.
root.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !event.target.closest("[data-trial]")) return;
  const key = event.key.toLowerCase();
  const button = event.target.closest("button, a, input");
  if (sounds[key]?.src) play(key);
  else if (key === " " && current && !button) (current.paused ? play : pause)(current.dataset.sound);
  else if (key === "arrowleft" && current) current.currentTime = Math.max(0, current.currentTime - JUMP);
  else if (key === "arrowright" && current) current.currentTime = Math.min(current.duration, current.currentTime + JUMP);
  else return;
  event.preventDefault();
});
chooser?.addEventListener("change", prepare);
prepare();
root.querySelector("[data-number]").focus({ preventScroll: true });
