// Looks again every ten seconds while the page is seen. Without it, "Look again" does the same.
"use strict";

(() => {
  const place = document.getElementById("answer");
  if (!place) return;
  const EVERY_MS = 10000; // a counter waits minutes, and 6 looks a minute stay within the limit

  async function look() {
    if (document.visibilityState !== "visible") return;
    // Never under somebody's fingers: the phone number, or a button that has the focus.
    if (place.contains(document.activeElement) || place.querySelector("details[open]")) return;
    const again = place.dataset.again;
    const answer = again
      ? await fetch(again, { method: "POST", body: new URLSearchParams({ token: place.dataset.token, part: "1" }) })
      : await fetch(place.dataset.reload);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(".door");
    const now = place.querySelector(".door");
    if (fresh && now && fresh.textContent !== now.textContent) now.replaceWith(fresh);
  }
  setInterval(() => { look().catch(() => { /* the next look tells */ }); }, EVERY_MS);
})();
