// Asks every second or two whether there is an answer, and goes to it; without a network it waits and says so.

for (const place of document.querySelectorAll("[data-wait]")) {
  const away = place.querySelector("[data-away]");
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.wait, { headers: { Accept: "application/json" } });
      const body = await answer.json();
      away.hidden = true;
      if (body.next) {
        location.assign(body.next);
        return;
      }
    } catch {
      away.hidden = false;
    }
    setTimeout(look, 1500);
  };
  look();
}
