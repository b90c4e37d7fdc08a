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
  const DRAFT = "draft";
  const ACT = "act.";

  let seen = Number(labels.seen) || 0;
  let socket = null;
  let wait = WAIT_FIRST_MS;
  let over = false;
  let told = 0;
  let pending = [];

  // ---- what no server took yet ----

  // It outlives a closed browser, on this device alone. It lies there sealed under what only pages
  // of this session are given, so that whoever has the phone next cannot read what was left behind.
  const PREFIX = "mendline.kept.";
  const sealed = window.isSecureContext && Boolean(crypto.subtle);
  const wanted = new Map();
  const sealing = sealed ? makeKey() : null;

  async function makeKey() {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`kept/${labels.csrf}`));
    return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  }
  // Where nothing can be sealed, it lives as long as the tab.
  function store() { return sealed ? localStorage : sessionStorage; }
  async function keep(name, value) {
    wanted.set(name, value);
    try {
      const text = JSON.stringify(value);
      const kept = sealed ? await seal(text) : text;
      // It may have been taken, or written anew, while it was sealed.
      if (wanted.get(name) === value) store().setItem(PREFIX + name, kept);
    } catch { /* a full or forbidden storage costs only what a reload would have saved */ }
  }
  function drop(name) {
    wanted.delete(name);
    try { store().removeItem(PREFIX + name); } catch { /* nothing was kept there */ }
  }
  function keptNames() {
    const names = Object.keys(store()).filter((it) => it.startsWith(PREFIX));
    return names.map((it) => it.slice(PREFIX.length));
  }
  function dropAll() {
    wanted.clear();
    try { keptNames().forEach(drop); } catch { /* as above */ }
  }
  async function seal(text) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await sealing, new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...iv, ...new Uint8Array(bytes)));
  }
  async function unseal(kept) {
    const bytes = Uint8Array.from(atob(kept), (it) => it.charCodeAt(0));
    const open = { name: "AES-GCM", iv: bytes.slice(0, 12) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(open, await sealing, bytes.slice(12)));
  }
  // What another session left cannot be read, and goes.
  async function found(name) {
    try {
      const kept = store().getItem(PREFIX + name);
      return JSON.parse(sealed ? await unseal(kept) : kept);
    } catch {
      drop(name);
      return null;
    }
  }
  async function bringBack() {
    let names = [];
    try { names = keptNames(); } catch { return; }
    const draft = names.includes(DRAFT) ? await found(DRAFT) : null;
    const acts = await Promise.all(names.filter((it) => it.startsWith(ACT)).map(found));
    box.value = box.value || draft || "";
    const late = acts.filter((it) => it && !pending.some((other) => other.id === it.frame.id));
    pending = late.sort((one, other) => one.at - other.at).map((it) => it.frame).concat(pending);
    late.forEach((it) => { if (it.frame.type === "say") showPending(it.frame); });
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
    keep(ACT + frame.id, { at: Date.now(), frame });
    if (frame.type === "say") showPending(frame);
    send(frame);
  }
  function settle(id) {
    const frame = pending.find((it) => it.id === id);
    pending = pending.filter((it) => it.id !== id);
    drop(ACT + id);
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
    if (lost && lost.type === "say" && !box.value.trim()) { box.value = lost.words; keep(DRAFT, lost.words); grow(); }
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
    dropAll();
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
    if (act === "leave") { over = true; dropAll(); return; }
    event.preventDefault();
    const by = event.submitter;
    if (act === "say") {
      const words = by && by.name === "words" ? by.value : box.value;
      if (!words.trim()) { box.focus(); return; }
      must({ type: "say", words });
      if (!by || by.name !== "words") { box.value = ""; drop(DRAFT); grow(); }
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
    } else if (act === "file") {
      attach(sent);
    }
  });

  // A picture as a phone takes it is ten times what anybody needs to read a label, and says where it
  // was taken. Drawn anew it is neither.
  const PICTURE_PX_MAX = 1600;
  const PICTURE_BYTES_FINE = 300000;

  async function attach(sent) {
    if (sent.hasAttribute("aria-busy")) return;
    const going = sent.querySelector("button");
    const reads = going.textContent;
    sent.setAttribute("aria-busy", "true");
    going.textContent = sent.dataset.going;
    try {
      const picked = sent.elements.file.files[0];
      const form = new FormData();
      form.append("csrf", labels.csrf);
      // The same file tried again is the same act.
      form.append("id", sent.elements.id.value);
      form.append("file", await smaller(picked));
      const answer = await fetch(sent.action, { method: "POST", body: form, headers: { accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error("not taken");
      sent.reset();
      sent.elements.id.value = newId();
      sent.closest("details").open = false;
      notice.hidden = true;
      box.focus({ preventScroll: true });
    } catch {
      notice.hidden = false;
      notice.firstElementChild.textContent = sent.dataset.failed;
    }
    sent.removeAttribute("aria-busy");
    going.textContent = reads;
  }
  async function smaller(picked) {
    if (!/^image\/(jpeg|png|webp)$/.test(picked.type)) return picked;
    try {
      const picture = await createImageBitmap(picked);
      const by = Math.min(1, PICTURE_PX_MAX / Math.max(picture.width, picture.height));
      if (by === 1 && picked.type !== "image/jpeg" && picked.size < PICTURE_BYTES_FINE) return picked;
      const canvas = element("canvas");
      canvas.width = Math.round(picture.width * by);
      canvas.height = Math.round(picture.height * by);
      const page = canvas.getContext("2d");
      // What was see-through would become black.
      page.fillStyle = "#fff";
      page.fillRect(0, 0, canvas.width, canvas.height);
      page.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const drawn = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
      return drawn || picked;
    } catch {
      return picked;
    }
  }
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  box.addEventListener("input", () => {
    grow();
    if (box.value) keep(DRAFT, box.value); else drop(DRAFT);
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

  say(labelOf("connecting").split(".")[0] + " …");
  bringBack().finally(() => {
    grow();
    toEnd();
    connect();
  });
})();
