// Makes the chat page live. Everything here has a plain form behind it; this file only saves
// reloading. It keeps words that are not sent yet, resends them, and shows lines in order.
"use strict";

(() => {
  const letter = document.getElementById("letter");
  const form = document.getElementById("write");
  if (!letter || !form || !("WebSocket" in window)) return;

  const box = document.getElementById("words");
  const state = document.getElementById("state");
  const notice = document.getElementById("notice");
  const typing = document.getElementById("typing");
  const locked = document.getElementById("locked");
  const labels = letter.dataset;

  const WAIT_FIRST_MS = 500; // then doubling, so that a server that restarts is not stormed
  const WAIT_MOST_MS = 20000;
  const TYPING_EVERY_MS = 5000;
  const PENDING_KEY = "mendline.pending";
  const DRAFT_KEY = "mendline.draft";

  let seen = Number(labels.seen) || 0;
  let socket = null;
  let wait = WAIT_FIRST_MS;
  let over = false;
  let told = 0;
  let pending = load(PENDING_KEY, []);

  function load(key, otherwise) {
    try { return JSON.parse(sessionStorage.getItem(key)) ?? otherwise; } catch { return otherwise; }
  }
  function keep(key, value) {
    // A full or forbidden storage costs only what a reload would have saved.
    try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* kept in memory */ }
  }
  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (it) => it.toString(16).padStart(2, "0")).join("");
  }
  function element(tag, className, text) {
    const it = document.createElement(tag);
    if (className) it.className = className;
    if (text !== undefined) it.textContent = text;
    return it;
  }

  // ---- the connection ----

  function connect() {
    if (over) return;
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat/ws`);
    socket.onopen = () => {
      wait = WAIT_FIRST_MS;
      send({ type: "hello", seen });
      // What she saw may not have been told before the line broke, and her answers count only
      // after it was.
      acknowledge();
      for (const frame of pending) send(frame);
    };
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    socket.onclose = () => {
      socket = null;
      showTyping(false);
      if (over) return;
      say(navigator.onLine ? labelOf("connecting") : labelOf("offline"));
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, WAIT_MOST_MS);
    };
  }
  function send(frame) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }
  function labelOf(name) { return state.dataset[name]; }
  function say(text) { if (state.textContent !== text) state.textContent = text; }

  // Something that must arrive: kept until the server took or refused it.
  function must(frame) {
    frame.id = newId();
    pending.push(frame);
    keep(PENDING_KEY, pending);
    if (frame.type === "say") showPending(frame);
    send(frame);
  }
  function settle(id) {
    const frame = pending.find((it) => it.id === id);
    pending = pending.filter((it) => it.id !== id);
    keep(PENDING_KEY, pending);
    const shown = document.getElementById(`pending-${id}`);
    if (shown) shown.remove();
    return frame;
  }

  // ---- what the server says ----

  function hear(frame) {
    switch (frame.type) {
      case "welcome":
        say(labelOf("connected"));
        // The labels around the chat are the server's to write.
        if (frame.language !== labels.lang && !pending.some((it) => it.type === "say")) location.reload();
        break;
      case "line": addLine(frame); break;
      case "closed": close(frame.question); break;
      case "took": settle(frame.id); notice.hidden = true; break;
      case "typing": showTyping(frame.on); break;
      case "refused": refused(frame); break;
      case "bye": bye(frame.why); break;
    }
  }
  function refused(frame) {
    const lost = frame.id && settle(frame.id);
    if (lost && lost.type === "say" && !box.value.trim()) { box.value = lost.words; grow(); }
    document.querySelectorAll("form[aria-busy]").forEach((it) => it.removeAttribute("aria-busy"));
    notice.hidden = false;
    notice.firstElementChild.textContent = frame.say;
  }
  function bye(why) {
    if (why === "later") return;
    over = true;
    if (why === "too_many") { say(labelOf("many")); return; }
    letter.replaceChildren();
    letter.hidden = true;
    form.hidden = true;
    document.querySelectorAll("#counter, .composer .row").forEach((it) => { it.hidden = true; });
    state.hidden = true;
    locked.hidden = false;
    keep(DRAFT_KEY, "");
    locked.querySelector("a").focus();
  }

  // ---- lines ----

  function addLine(line) {
    if (line.seq <= seen) return;
    const first = letter.querySelector(".first");
    if (first) first.hidden = true;
    const follow = nearEnd();
    letter.append(article(line));
    letter.querySelectorAll(".pending").forEach((it) => letter.append(it));
    seen = line.seq;
    if (line.from !== "you") showTyping(false);
    if (follow || line.from === "you") toEnd();
    acknowledge();
  }
  function article(line) {
    const it = element("article", `line ${line.from}`);
    it.dataset.seq = line.seq;
    const who = line.from === "you" ? labels.you
      : line.name ? `${line.name}, ${labels.desk}` : labels.bot;
    const head = element("p", "who", `${who} `);
    head.append(element("time", "", clock(line.at)));
    const said = element("p", "said", line.text);
    said.dir = "auto";
    if (line.language) said.lang = line.language;
    it.append(head, said);
    if (line.question) {
      it.dataset.question = line.question;
      if (line.open && line.buttons.length) it.append(choices(line));
    }
    return it;
  }
  function choices(line) {
    const it = element("form", "choices");
    it.method = "post";
    it.action = "/chat/tap";
    it.dataset.act = "tap";
    for (const [name, value] of [["csrf", labels.csrf], ["id", newId()], ["question", line.question]]) {
      const field = element("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      it.append(field);
    }
    for (const button of line.buttons) {
      const tap = element("button", "", button.label);
      tap.name = "choice";
      tap.value = button.key;
      if (line.language) tap.lang = line.language;
      it.append(tap);
    }
    return it;
  }
  function close(question) {
    for (const line of letter.querySelectorAll("article[data-question]")) {
      if (line.dataset.question !== question) continue;
      const buttons = line.querySelector(".choices");
      if (!buttons) continue;
      const focused = buttons.contains(document.activeElement);
      buttons.remove();
      if (focused) box.focus({ preventScroll: true });
    }
  }
  function showPending(frame) {
    const it = element("article", "line you pending");
    it.id = `pending-${frame.id}`;
    const said = element("p", "said", frame.words);
    said.dir = "auto";
    it.append(element("p", "who", `${labels.you} · ${labels.sending}`), said);
    const first = letter.querySelector(".first");
    if (first) first.hidden = true;
    letter.append(it);
    toEnd();
  }
  function clock(ms) {
    const zone = labels.zone || undefined;
    const day = (at) => new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone }).format(at);
    const time = { hour: "numeric", minute: "2-digit", hour12: true, timeZone: zone };
    const past = day(ms) === day(Date.now()) ? {} : { month: "short", day: "numeric" };
    return new Intl.DateTimeFormat("en-US", { ...past, ...time }).format(ms);
  }
  function showTyping(on) { typing.hidden = !on; if (on && nearEnd()) toEnd(); }
  function nearEnd() {
    const page = document.documentElement;
    return page.scrollHeight - window.scrollY - window.innerHeight < 160;
  }
  function toEnd() { window.scrollTo(0, document.documentElement.scrollHeight); }

  // A line counts as shown only while the page is before somebody's eyes. A closed widget draws
  // nothing, in a window that is visible all the same.
  function acknowledge() {
    const drawn = document.documentElement.getClientRects().length > 0;
    if (document.visibilityState === "visible" && drawn) send({ type: "ack", seq: seen });
  }

  // ---- what she does ----

  document.addEventListener("submit", (event) => {
    const sent = event.target;
    const act = sent.dataset.act;
    if (!act || over) return;
    event.preventDefault();
    const by = event.submitter;
    if (act === "say") {
      const words = by && by.name === "words" ? by.value : box.value;
      if (!words.trim()) { box.focus(); return; }
      must({ type: "say", words });
      if (!by || by.name !== "words") { box.value = ""; keep(DRAFT_KEY, ""); grow(); }
      box.focus();
    } else if (act === "tap") {
      // One answer a question: a second tap waits for what became of the first.
      if (sent.hasAttribute("aria-busy")) return;
      sent.setAttribute("aria-busy", "true");
      must({ type: "tap", question: sent.elements.question.value, choice: by.value });
    } else if (act === "repair") {
      must({ type: "repair", what: by.value });
      const more = sent.closest("details");
      if (more) more.open = false;
    } else if (act === "language") {
      must({ type: "language", to: by.value });
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  box.addEventListener("input", () => {
    grow();
    keep(DRAFT_KEY, box.value);
    if (Date.now() - told > TYPING_EVERY_MS) { told = Date.now(); send({ type: "typing" }); }
  });
  function grow() {
    box.rows = Math.min(6, box.value.split("\n").length);
  }
  document.addEventListener("visibilitychange", acknowledge);
  if ("IntersectionObserver" in window) {
    let away = false;
    new IntersectionObserver((looks) => {
      const here = looks[looks.length - 1].isIntersecting;
      if (here && away) { toEnd(); acknowledge(); }
      away = !here;
    }).observe(document.documentElement);
  }
  window.addEventListener("online", () => { if (!socket) { wait = WAIT_FIRST_MS; connect(); } });
  window.addEventListener("offline", () => say(labelOf("offline")));

  box.value = box.value || load(DRAFT_KEY, "");
  grow();
  for (const frame of pending) if (frame.type === "say") showPending(frame);
  toEnd();
  say(labelOf("connecting").split(".")[0] + " …");
  connect();
})();
