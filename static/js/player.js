// Shows why there is no sound when the third decision refuses to release a clip.
for (const player of document.querySelectorAll("[data-player]")) {
  const refused = player.querySelector("[data-refused]");
  player.querySelector("audio").addEventListener("error", () => {
    refused.hidden = false;
  });
}
