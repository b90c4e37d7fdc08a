// The desk, live: looks again when the house says that something changed, and shows what the
// worker will read for the reason that is chosen. Everything works without it.
"use strict";

(() => {
  const news = document.getElementById("news");
  const queue = document.getElementById("queue");

  const tell = (words, href, label) => {
    if (!news) return;
    news.textContent = words + " ";
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = label;
      news.append(link);
    }
    news.hidden = false;
  };

  const locked = () => tell("This desk is locked because nobody used it.", "/desk", "Go on");

  // Focus stays on the row that has it, wherever the row moves.
  const refresh = async () => {
    const answer = await fetch("/desk/queue", { credentials: "same-origin" });
    if (answer.status === 401) { source.close(); queue.replaceChildren(); locked(); return; }
    if (!answer.ok) return;
    const focused = queue.contains(document.activeElement) ? document.activeElement.id : "";
    const shown = queue.querySelector("input[name=shown]");
    const typing = document.getElementById("command");
    const fresh = document.createRange().createContextualFragment(await answer.text());
    // While a command is being typed, its numbers mean what the person sees: nothing moves.
    if (typing && typing.value.trim() !== "") {
      const new_tokens = fresh.querySelector("input[name=shown]");
      if (new_tokens && shown && new_tokens.value !== shown.value) {
        tell("Your queue changed.", "/desk", "Show it");
      }
      return;
    }
    queue.replaceChildren(fresh);
    if (focused) document.getElementById(focused)?.focus();
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; refresh().catch(() => {}); }, 200);
  };

  let source = { close() {} };
  if (document.body.classList.contains("desk") && window.EventSource) {
    let first = true;
    source = new EventSource("/desk/events");
    source.addEventListener("look", () => {
      if (queue) soon();
      // A page that tells what was just done is right as it is.
      else if (!first && document.querySelector("[data-live]")) tell("Something changed.", location.pathname, "Show it");
      first = false;
    });
    source.addEventListener("idle", () => {
      source.close();
      document.getElementById("main").replaceChildren();
      locked();
    });
  }

  for (const select of document.querySelectorAll("select[data-reason]")) {
    const show = () => {
      for (const it of select.form.querySelectorAll("[data-preview]")) {
        it.hidden = it.dataset.preview !== select.value;
      }
    };
    select.addEventListener("change", show);
    show();
    const button = select.form.querySelector("button[name=preview]");
    if (button) button.hidden = true;
  }

  // A second click while the first is on its way does nothing; the house would ignore it too.
  // Only pages with typed words in them keep what was typed.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => { delete form.dataset.sent; }, 10000);
    });
  }
})();
