// What a page of the chat does where nobody is in it, and for the frame that may hold it on somebody
// else's page. It tells that page three things and nothing of what is said: I am here, close me, there is something new.
"use strict";

(() => {
  // Nobody is in here, so nothing that somebody wrote here stays behind (chat.js keeps it).
  if (document.getElementById("nobody")) {
    try {
      for (const name of Object.keys(localStorage)) if (name.startsWith("mendline.kept.")) localStorage.removeItem(name);
    } catch { /* a browser that keeps nothing */ }
  }
  if (window.parent === window) return;
  const tell = (what) => window.parent.postMessage({ mendline: what }, "*");

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) tell("close");
  });

  // Whoever opened the chat goes on writing, unless something in it has the focus already.
  const box = document.getElementById("words");
  window.addEventListener("message", (event) => {
    const asked = event.source === window.parent && event.data && event.data.mendline === "write";
    if (asked && box && document.activeElement === document.body) box.focus({ preventScroll: true });
  });

  tell("here");

  const letter = document.getElementById("letter");
  if (letter) {
    const ours = (it) => it.nodeType === 1 && it.matches("article") && !it.matches(".you");
    new MutationObserver((changes) => {
      const fresh = changes.some((it) => Array.from(it.addedNodes).some(ours));
      // A closed widget draws nothing.
      if (fresh && document.documentElement.getClientRects().length === 0) tell("news");
    }).observe(letter, { childList: true });
  }

  // Our cookie is for pages of our own site. In a frame on another site a browser takes none, so
  // that nobody could come in here: everything opens in a window of its own.
  const note = document.getElementById("own-window");
  document.cookie = "mendline_probe=1; path=/chat; samesite=strict; max-age=5";
  if (note && !document.cookie.includes("mendline_probe=")) {
    note.hidden = false;
    document.querySelectorAll("a, form").forEach((it) => { it.target = "_blank"; it.rel = "noopener"; });
  }
})();
