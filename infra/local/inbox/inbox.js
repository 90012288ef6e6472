// The inbox page: asks the recorder for its list every second and shows the chosen mail. No library, no build.
"use strict";

const by = (id) => document.getElementById(id);
const app = by("app"), list = by("list"), reader = by("mail");
const narrow = matchMedia("(max-width: 820px)");
const MARKS = { Complaint: ["complaint", "bad"], Bounce: ["bounced", "bad"], Click: ["clicked", "good"], Open: ["opened", "good"],
  DeliveryDelay: ["delayed", ""], Delivery: ["delivered", ""], Send: ["sent", ""] };

const state = { version: "", mails: [], shown: [], workflow: "", wanted: "", chosen: 0, part: "html", view: "mails", clock: null, seen: 0 };
const rows = new Map();
const hues = new Map();
let loaded = { number: 0, parts: null };

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Words

const utc = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const dayOf = utc({ weekday: "long", day: "numeric", month: "long" });
const hourOf = utc({ hour: "2-digit", minute: "2-digit" });
const wholeOf = utc({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const shortOf = utc({ weekday: "short", day: "numeric", month: "short" });

const words = (name) => name ? name[0].toUpperCase() + name.slice(1).replaceAll("-", " ") : "No workflow";

function flow(mail) {
  const [workflow, step] = [words(mail.workflow), words(mail.step)];
  return step === workflow || !mail.step ? workflow : `${workflow} · ${step.toLowerCase()}`;
}

function person(mail) {
  const whole = mail.recipient || mail.to[0] || "";
  const named = /^\s*"?([^"<]*?)"?\s*<([^>]+)>\s*$/.exec(whole);
  return { name: (named && named[1]) || whole || "nobody", address: named ? named[2] : whole };
}

function initials(name) {
  const letters = name.replace(/@.*/, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean).map((part) => [...part][0].toUpperCase());
  return (letters[0] || "?") + (letters.length > 1 ? letters[letters.length - 1] : "");
}

function hue(workflow) {
  if (!hues.has(workflow)) hues.set(workflow, hues.size % 8);
  return `hue-${hues.get(workflow)}`;
}

function mark(mail) {
  const kind = Object.keys(MARKS).find((name) => mail.marks.includes(name));
  return kind ? MARKS[kind] : ["", ""];
}

// The list

function matches(mail) {
  if (state.workflow && mail.workflow !== state.workflow) return false;
  const all = `${mail.recipient} ${mail.to.join(" ")} ${mail.subject} ${mail.customer} ${mail.journey}`.toLowerCase();
  return state.wanted.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

function makeRow(mail) {
  const { name } = person(mail);
  const row = element("div", `row ${hue(mail.workflow)}`);
  row.id = `row-${mail.number}`;
  row.setAttribute("role", "option");
  row.append(element("span", "face", initials(name)), element("span", "name", name));
  const at = new Date(mail.at), time = element("time", "", hourOf.format(at));
  time.dateTime = mail.at;
  row.append(time, element("div", "about", mail.subject || "(no subject)"));
  const tags = element("div", "tags");
  tags.append(element("span", "flow", flow(mail)), element("span", "mark"));
  row.append(tags);
  row.addEventListener("click", () => choose(mail.number, true));
  return row;
}

function drawList() {
  state.shown = state.mails.filter(matches).sort((a, b) => b.number - a.number);
  const wanted = [];
  let day = "";
  for (const mail of state.shown) {
    const today = dayOf.format(new Date(mail.at));
    if (today !== day) wanted.push(Object.assign(element("div", "day", today), { role: "presentation" }));
    day = today;
    if (!rows.has(mail.number)) rows.set(mail.number, makeRow(mail));
    const row = rows.get(mail.number), [text, tone] = mark(mail), shown = row.querySelector(".mark");
    shown.textContent = text;
    shown.className = `mark ${tone}`;
    row.classList.toggle("new", state.seen > 0 && mail.number > state.seen);
    row.setAttribute("aria-selected", String(mail.number === state.chosen));
    wanted.push(row);
  }
  const scrolled = list.scrollTop, height = list.scrollHeight;
  list.replaceChildren(...wanted);
  if (scrolled > 0) list.scrollTop = scrolled + list.scrollHeight - height;
  list.hidden = !wanted.length;
  by("empty").hidden = Boolean(wanted.length);
  by("empty").textContent = state.mails.length ? "No mail matches this filter." : "No mails yet. They appear here as the shop sends them.";
  by("count").textContent = state.mails.length ? `${state.mails.length} mail${state.mails.length > 1 ? "s" : ""}` : "no mails yet";
  state.seen = state.mails.length;
}

function drawChips() {
  const counts = new Map();
  for (const mail of state.mails) counts.set(mail.workflow, (counts.get(mail.workflow) || 0) + 1);
  const names = ["", ...[...counts.keys()].sort()];
  const chips = names.map((name) => {
    const chip = element("button", "chip", name ? words(name) : "All");
    chip.type = "button";
    chip.append(element("span", "", String(name ? counts.get(name) : state.mails.length)));
    chip.setAttribute("aria-pressed", String(state.workflow === name));
    chip.addEventListener("click", () => { state.workflow = name; drawChips(); drawList(); });
    return chip;
  });
  const focused = [...by("chips").children].indexOf(document.activeElement);
  by("chips").replaceChildren(...(state.mails.length ? chips : []));
  if (focused >= 0 && chips[focused]) chips[focused].focus();
}

// The reader

function choose(number, open) {
  const mail = state.mails.find((one) => one.number === number);
  if (!mail) return;
  rows.get(state.chosen)?.setAttribute("aria-selected", "false");
  state.chosen = number;
  const row = rows.get(number);
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
  list.setAttribute("aria-activedescendant", `row-${number}`);
  if (open) {
    if (narrow.matches && !app.classList.contains("reading")) history.pushState({}, "", `#${number}`);
    else history.replaceState({}, "", `#${number}`);
    app.classList.add("reading");
  }
  drawMail(mail);
}

function showPane(name) {
  for (const pane of ["nothing", "mail", "held-mail"]) by(pane).hidden = pane !== name;
}

function drawMail(mail) {
  const { name, address } = person(mail);
  showPane("mail");
  reader.className = `mail ${hue(mail.workflow)}`;
  by("subject").textContent = mail.subject || "(no subject)";
  by("face").textContent = initials(name);
  by("to").textContent = name === address ? address : `${name} <${address}>`;
  by("from").textContent = `from ${mail.from}`;
  by("at").textContent = wholeOf.format(new Date(mail.at));
  by("at").title = "shop time, UTC";
  drawFacts(mail, address);
  const place = state.shown.findIndex((one) => one.number === mail.number);
  by("newer").disabled = place <= 0;
  by("older").disabled = place < 0 || place >= state.shown.length - 1;
  if (loaded.number === mail.number) return;
  loaded = { number: mail.number, parts: null };
  by("frame").contentWindow.location.replace(`/api/mails/${mail.number}/html`); // a new `src` would fill the history
  by("text").textContent = "";
  by("headers").replaceChildren();
  fetch(`/api/mails/${mail.number}`).then((answer) => answer.json()).then((parts) => {
    if (loaded.number !== mail.number) return;
    loaded.parts = parts;
    by("text").textContent = parts.text || "This mail has no text part.";
    drawHeaders(mail, parts.headers);
    showPart(parts.html || state.part !== "html" ? state.part : "text");
  });
  showPart(state.part);
}

function drawFacts(mail, address) {
  const fact = (label, value, className) => {
    const item = element("li", className || "");
    item.append(`${label} `, value);
    return item;
  };
  const only = element("button", "", "all their mails");
  only.type = "button";
  only.addEventListener("click", () => filterBy(address));
  const facts = [
    fact("", element("b", "", flow(mail)), "flow"),
    fact("", element("b", `mark ${mark(mail)[1]}`, mark(mail)[0] || "sent")),
    fact("", wholeOf.format(new Date(mail.at)), "narrow"),
    fact("customer", element("code", "", mail.customer.slice(0, 12) || "unknown"), "wide"),
  ];
  const others = state.mails.filter((one) => one.customer && one.customer === mail.customer).length;
  if (others > 1) facts.push(fact("", only));
  if (mail.later) facts.push(fact("", "sent after the run’s figures", "wide"));
  by("facts").replaceChildren(...facts);
}

function drawHeaders(mail, headers) {
  const table = element("dl");
  for (const [name, value] of headers) table.append(element("dt", "", name), element("dd", "", value));
  const raw = element("a", "raw", "Download the whole message (.eml)");
  raw.href = `/api/mails/${mail.number}/raw`;
  by("headers").replaceChildren(table, raw);
}

function showPart(part) {
  by("frame").hidden = part !== "html";
  by("text").hidden = part !== "text";
  by("headers").hidden = part !== "headers";
  by("why").hidden = part !== "why";
  const mail = state.mails.find((one) => one.number === loaded.number);
  if (part === "why" && mail && loaded.why !== mail.number) {
    loaded.why = mail.number;
    tellStory(by("why"), mail, mail.message_id);
  }
  for (const tab of document.querySelectorAll(".tabs button")) {
    tab.setAttribute("aria-selected", String(tab.dataset.part === part));
    tab.tabIndex = tab.dataset.part === part ? 0 : -1;
  }
}

function filterBy(text) {
  state.wanted = by("search").value = text;
  state.workflow = "";
  if (state.view === "held") return see("mails");
  drawChips();
  drawList();
  if (narrow.matches) close();
}

function clearSearch() {
  state.wanted = by("search").value = "";
  drawShown();
}

function drawShown() {
  if (state.view === "held") drawHeld();
  else drawList();
}

function close() {
  app.classList.remove("reading");
  history.replaceState({}, "", "#");
}

function move(steps) {
  if (!state.shown.length) return;
  const now = state.shown.findIndex((mail) => mail.number === state.chosen);
  const next = now < 0 ? 0 : Math.min(state.shown.length - 1, Math.max(0, now + steps));
  choose(state.shown[next].number, !narrow.matches || app.classList.contains("reading"));
}

// Hands

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (state.view === "held" && !["/", "Escape"].includes(event.key)) return; // its rows are buttons
  const typing = event.target === by("search"), tab = event.target.closest?.(".tabs");
  if (tab && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const tabs = [...tab.children], at = tabs.indexOf(document.activeElement) + (event.key === "ArrowRight" ? 1 : -1);
    tabs[(at + tabs.length) % tabs.length].click();
    tabs[(at + tabs.length) % tabs.length].focus();
  } else if (event.key === "ArrowDown" || (!typing && event.key === "j")) move(1);
  else if (event.key === "ArrowUp" || (!typing && event.key === "k")) move(-1);
  else if (!typing && event.key === "Home") move(-Infinity);
  else if (!typing && event.key === "End") move(state.shown.length);
  else if (!typing && event.key === "Enter" && event.target === list && state.chosen) choose(state.chosen, true);
  else if (!typing && event.key === "/") by("search").focus();
  else if (event.key === "Escape") { if (typing && state.wanted) clearSearch(); else if (narrow.matches) close(); else (state.view === "held" ? by("held") : list).focus(); }
  else return;
  event.preventDefault();
});
for (const tab of document.querySelectorAll(".tabs button")) {
  tab.addEventListener("click", () => { state.part = tab.dataset.part; showPart(state.part); });
}
by("search").addEventListener("input", () => { state.wanted = by("search").value.trim(); drawShown(); });
by("newer").addEventListener("click", () => move(-1));
by("older").addEventListener("click", () => move(1));
by("back").addEventListener("click", close);
addEventListener("popstate", () => { if (!location.hash.slice(1)) app.classList.remove("reading"); });

// Time and news

function tick() {
  const clock = state.clock;
  if (!clock) return;
  const now = new Date(Date.parse(clock.origin) + (Date.now() - Date.parse(clock.started)) * clock.speed);
  const shown = `${hourOf.format(now).slice(0, 2)}:00`;
  by("clock").replaceChildren(element("b", "", shown), shortOf.format(now));
}

async function refresh() {
  try {
    const answer = await (await fetch(`/api/mails?version=${state.version}`)).json();
    state.version = answer.version;
    state.clock = answer.clock;
    app.classList.remove("away");
    if (!answer.mails) return;
    if (answer.mails.length < state.mails.length) startAgain();
    state.mails = answer.mails;
    if (state.view === "held") return;
    drawChips();
    drawList();
    const chosen = state.mails.find((mail) => mail.number === state.chosen);
    if (chosen) drawMail(chosen);
    else if (state.shown.length) first();
  } catch {
    app.classList.add("away");
    by("count").textContent = "the recorder has stopped";
  }
}

function startAgain() { // another run has begun
  rows.clear();
  state.seen = state.chosen = 0;
  loaded = { number: 0, parts: null };
}

function first() {
  const linked = Number(location.hash.slice(1));
  if (linked && state.mails.some((mail) => mail.number === linked)) choose(linked, true);
  else if (!narrow.matches) choose(state.shown[0].number, false);
}

async function keepUp() {
  if (!document.hidden) await refresh();
  setTimeout(keepUp, 1000);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(tick, 250);
keepUp().then(tick);
