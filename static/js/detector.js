// Says that a recording is on its way, and sends it once only.
for (const form of document.querySelectorAll("[data-detector]")) {
  const looking = form.querySelector("[data-looking]");
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    looking.textContent = looking.dataset.words;
  });
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    looking.textContent = "";
  });
}
