// <script src="https://your-host/widget.js" data-mendline></script>
// Adds one button that opens the chat in a frame. It reads nothing of the page it stands in.
"use strict";

(() => {
  const own = document.currentScript;
  if (!own || !("mendline" in own.dataset)) return;
  const origin = new URL(own.src).origin;
  const words = own.dataset.label || (document.documentElement.lang.startsWith("es") ? "Chat de recetas" : "Prescription chat");
  const close = document.documentElement.lang.startsWith("es") ? "Cerrar" : "Close";

  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${origin}/assets/widget.css`;
  document.head.append(sheet);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "mendline-open";
  button.textContent = words;
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", "mendline-frame");

  const frame = document.createElement("iframe");
  frame.id = "mendline-frame";
  frame.className = "mendline-frame";
  frame.title = words;
  frame.hidden = true;
  frame.referrerPolicy = "no-referrer";

  function show(on) {
    if (on && !frame.src) frame.src = `${origin}/chat`;
    frame.hidden = !on;
    button.textContent = on ? close : words;
    button.setAttribute("aria-expanded", String(on));
    if (on) frame.focus();
  }
  button.addEventListener("click", () => show(frame.hidden));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !frame.hidden) { show(false); button.focus(); }
  });
  document.body.append(frame, button);
})();
