// <script src="https://your-host/widget.js" data-mendline></script>
// Adds one button that opens the chat in a frame. It reads nothing of the page it stands in but
// its language, and the page's own style does not reach it.
"use strict";

(() => {
  const own = document.currentScript;
  if (!own || !("mendline" in own.dataset) || document.getElementById("mendline-widget")) return;
  const origin = new URL(own.src).origin;
  const page = document.documentElement.lang.toLowerCase();
  const words = page.startsWith("es")
    ? { open: "Chat de recetas", close: "Cerrar el chat", fresh: "Mensaje nuevo", away: "El chat no se puede mostrar aquí.", own: "Abrirlo en su propia ventana" }
    : { open: "Prescription chat", close: "Close the chat", fresh: "New message", away: "The chat cannot be shown here.", own: "Open it in its own window" };
  words.open = own.dataset.label || words.open;
  // After the frame has loaded, a chat says at once that it is there; a browser's own page does not.
  const PATIENCE_MS = 2000;

  function element(tag, className, text) {
    const it = document.createElement(tag);
    it.className = className;
    if (text) it.textContent = text;
    return it;
  }

  const host = element("div", "");
  host.id = "mendline-widget";
  const root = host.attachShadow({ mode: "open" });
  const sheet = element("link", "");
  sheet.rel = "stylesheet";
  sheet.href = `${origin}/assets/widget.css`;

  const panel = element("div", "panel");
  panel.id = "panel";
  panel.hidden = true;
  const frame = element("iframe", "");
  frame.title = words.open;
  const away = element("p", "away", `${words.away} `);
  away.hidden = true;
  const link = element("a", "", words.own);
  link.href = `${origin}/chat`;
  link.target = "_blank";
  link.rel = "noopener";
  away.append(link);
  panel.append(away, frame);

  const button = element("button", "open", words.open);
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", "panel");
  const news = element("p", "news");
  news.setAttribute("role", "status");
  // Without its style the button would stand at the end of the page, as wide as the page likes.
  host.hidden = true;
  sheet.onload = sheet.onerror = () => { host.hidden = false; };
  root.append(sheet, panel, news, button);

  let here = false;
  let write = false;
  function show(on) {
    if (on && !frame.src) {
      frame.src = `${origin}/chat`;
      frame.addEventListener("load", () => setTimeout(() => missing(!here), PATIENCE_MS));
    }
    panel.hidden = !on;
    button.textContent = on ? words.close : words.open;
    button.setAttribute("aria-expanded", String(on));
    if (on) {
      news.textContent = "";
      frame.focus();
      begin();
    } else {
      button.focus();
    }
  }
  // On a phone the keys would cover what there is to read.
  function begin() {
    if (here && write && !panel.hidden) frame.contentWindow.postMessage({ mendline: "write" }, origin);
  }
  function missing(gone) {
    const held = root.activeElement === frame;
    away.hidden = !gone;
    frame.hidden = gone;
    if (gone && held) link.focus();
  }

  button.addEventListener("click", (event) => {
    write = event.pointerType !== "touch";
    show(panel.hidden);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) show(false);
  });
  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow || !event.data) return;
    switch (event.data.mendline) {
      case "here": here = true; missing(false); begin(); break;
      case "close": if (!panel.hidden) show(false); break;
      case "news": if (panel.hidden) news.textContent = words.fresh; break;
    }
  });

  const add = () => document.body.append(host);
  if (document.body) add(); else document.addEventListener("DOMContentLoaded", add);
})();
