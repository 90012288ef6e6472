// The second view: mails that did not go or had to wait, by reason; and a customer's story, as `make explain` tells it.
"use strict";

const held = { told: null, open: new Set(), failed: "" };
const sentence = (text) => text ? text[0].toUpperCase() + text.slice(1) : "";

// What did not go

function see(view) {
  state.view = view;
  for (const button of document.querySelectorAll(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  app.classList.toggle("holding", view === "held");
  app.classList.remove("reading");
  by("held").hidden = view !== "held";
  by("search").placeholder = view === "held" ? "Customer or workflow" : "Customer or subject";
  by("chips").hidden = view === "held";
  if (view === "held") {
    list.hidden = by("empty").hidden = true;
    showPane("nothing");
    askHeld();
  } else {
    drawChips();
    drawList();
    const chosen = state.mails.find((mail) => mail.number === state.chosen);
    if (chosen) drawMail(chosen);
    else if (state.shown.length && !narrow.matches) choose(state.shown[0].number, false);
  }
}

async function askHeld() {
  held.failed = "";
  if (!held.told) drawHeld();
  try {
    const answer = await fetch("/api/held");
    if (!answer.ok) throw new Error(await answer.text());
    held.told = await answer.json();
  } catch (error) {
    held.failed = error.message;
  }
  drawHeld();
}

function drawHeld() {
  const box = by("held");
  if (!held.told || held.failed) {
    box.replaceChildren(element("p", "lead", held.failed || "Looking …"));
    return;
  }
  const lead = element("p", "lead", `As stored ${wholeOf.format(new Date(held.told.at))}. `);
  const again = element("button", "", "Look again");
  again.type = "button";
  again.addEventListener("click", askHeld);
  lead.append(again);
  box.replaceChildren(lead, part("Never went", "never", held.told.never), part("Had to wait", "waited", held.told.waited));
}

function part(title, kind, groups) {
  const wanted = state.wanted.toLowerCase().split(/\s+/);
  const fits = (mail) => wanted.every((word) => `${mail.name} ${mail.address} ${mail.workflow} ${mail.step}`.toLowerCase().includes(word));
  const shown = groups.map((group) => ({ ...group, mails: group.mails.filter(fits) })).filter((group) => group.mails.length);
  const section = element("section"), heading = element("h2", "", `${title} `);
  heading.append(element("span", "", String(shown.reduce((sum, group) => sum + group.mails.length, 0))));
  section.append(heading, ...shown.map((group) => reason(kind, group)));
  if (!shown.length) section.append(element("p", "lead", "None."));
  return section;
}

function reason(kind, group) {
  const box = element("details", "reason"), name = `${kind} ${group.reason}`, summary = element("summary");
  summary.append(element("b", "", sentence(group.reason)), element("span", "count", String(group.mails.length)));
  if (group.words && group.words !== group.reason) summary.append(element("span", "words", group.words));
  const rows = element("ul");
  box.append(summary, rows);
  const fill = () => { if (box.open && !rows.children.length) rows.append(...group.mails.map((mail) => heldRow(kind, group, mail))); };
  box.addEventListener("toggle", () => { held.open[box.open ? "add" : "delete"](name); fill(); });
  box.open = held.open.has(name);
  fill();
  return box;
}

function heldRow(kind, group, mail) {
  const item = element("li"), row = element("button", `row ${hue(mail.workflow)}`), at = new Date(mail.at);
  row.type = "button";
  const time = element("time", "", `${shortOf.format(at)}, ${hourOf.format(at)}`);
  time.dateTime = mail.at;
  row.append(element("span", "name", mail.name || mail.address || "somebody"), time);
  if (!group.words) row.append(element("span", "about", mail.words));
  row.append(element("span", "flow", flow(mail)));
  row.addEventListener("click", () => showHeld(kind, mail));
  item.append(row);
  return item;
}

function showHeld(kind, mail) {
  const name = mail.name || mail.address || "Somebody";
  const outcome = kind === "never" ? "did not go" : mail.state === "sent" ? "went later" : "had to wait";
  by("held-title").textContent = `${flow(mail)}: ${outcome}`;
  by("held-face").textContent = initials(name);
  by("held-to").textContent = mail.address && mail.name ? `${mail.name} <${mail.address}>` : name;
  by("held-why").textContent = sentence(mail.words) + (mail.until ? `, until ${wholeOf.format(new Date(mail.until))}` : "");
  by("held-at").textContent = wholeOf.format(new Date(mail.at));
  by("held-at").dateTime = mail.at;
  by("held-mail").className = `mail ${hue(mail.workflow)}`;
  by("held-mails").hidden = !state.mails.some((one) => one.customer === mail.customer);
  by("held-mails").onclick = () => filterBy(mail.address);
  showPane("held-mail");
  if (narrow.matches && !app.classList.contains("reading")) history.pushState({}, "", "#why");
  app.classList.add("reading");
  tellStory(by("held-story"), mail, "");
}

// Somebody's story

async function tellStory(box, mail, message) {
  const asked = `${mail.customer} ${mail.workflow} ${message}`;
  box.dataset.asked = asked;
  box.replaceChildren(element("p", "lead", "Looking …"));
  let told = null, said = "This mail names no customer.";
  try {
    const answer = mail.customer ? await fetch(`/api/story/${encodeURIComponent(mail.customer)}`) : null;
    if (answer?.ok) told = await answer.json();
    else if (answer) said = sentence(await answer.text()) + ".";
  } catch {
    said = "The recorder has stopped.";
  }
  if (box.dataset.asked !== asked) return; // somebody else has been chosen since
  box.replaceChildren(...(told ? chapters(told, mail.workflow, message) : [element("p", "lead", said)]));
  box.scrollTop = 0;
}

function chapters(told, workflow, message) {
  const lead = element("p", "lead", `From what is stored, the same as make explain tells. Times are the recipient’s (${told.timezone}), in brackets UTC.`);
  const own = told.workflows.filter((one) => one.workflow === workflow);
  const others = told.workflows.filter((one) => one.workflow !== workflow);
  const shown = [lead, ...own.map((one) => chapter(one, message))];
  const consent = element("section");
  consent.append(element("h3", "", "Consent and suppressions"), lines([...told.person, ...told.now.map((line) => ({ ...line, now: true }))], ""));
  shown.push(consent);
  if (others.length) shown.push(element("h3", "", "Their other workflows"));
  for (const one of others) {
    const box = element("details", "other"), summary = element("summary", "", one.name);
    summary.append(element("span", "words", [...new Set(one.lines.map((line) => line.what))].slice(0, 5).join(", ")));
    box.append(summary, lines(one.lines, ""));
    shown.push(box);
  }
  if (told.nothing_happened_in.length) shown.push(element("p", "lead", `Nothing happened in: ${told.nothing_happened_in.join(", ")}.`));
  return shown;
}

function chapter(one, message) {
  const section = element("section"), heading = element("h3", "", `${one.name} `);
  heading.append(element("span", "", one.class));
  section.append(heading, lines(one.lines, message));
  return section;
}

function lines(told, message) {
  const all = element("ol", "lines");
  for (const line of told) {
    const item = element("li", message && line.message_id === message ? "this" : "");
    const local = new Date(`${line.local.slice(0, 19)}Z`), universal = new Date(line.at);
    const time = element("time", "", line.now ? "now" : `${wholeOf.format(local)} (${hourOf.format(universal)})`);
    time.dateTime = line.at;
    item.append(time, element("b", "", line.now ? "" : line.what), element("span", "", line.text));
    all.append(item);
  }
  return all;
}

// Hands

for (const button of document.querySelectorAll(".views button")) button.addEventListener("click", () => see(button.dataset.view));
by("held-back").addEventListener("click", close);
