// Sends a form with a recording, shows how far it is, and tries again while the network is away.

const WAITS_SECONDS = [1, 2, 4, 8, 15, 30];
const TRY_AGAIN = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

// Resolves to { status, body }; `onProgress` gets a share of 1, `onWaiting` true while the network is away.
export async function send(url, form, { token, onProgress = () => {}, onWaiting = () => {} }) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await once(url, form, { token, onProgress });
    if (!TRY_AGAIN.has(answer.status) || attempt >= 40) {
      onWaiting(false);
      return answer;
    }
    onWaiting(true);
    await pause(WAITS_SECONDS[Math.min(attempt, WAITS_SECONDS.length - 1)]);
  }
}

function once(url, form, { token, onProgress }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.timeout = 120000;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(event.loaded / event.total);
      }
    });
    const finish = () => resolve({ status: request.status, body: parsed(request.responseText) });
    for (const name of ["load", "error", "timeout", "abort"]) {
      request.addEventListener(name, finish);
    }
    request.send(form);
  });
}

// As long as the browser knows that it is offline there is no sense in trying.
function pause(seconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    addEventListener(
      "online",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export async function ask(url, { token, body = undefined, method = "POST" }) {
  const answer = await fetch(url, {
    method,
    body,
    headers: { "X-CSRFToken": token, Accept: "application/json" },
  });
  return { status: answer.status, body: await answer.json().catch(() => ({})) };
}
