// Shows every mail light or dark, with and without pictures, as mail or text. No library, no build.
"use strict";

const frames = [...document.querySelectorAll("iframe")];
const written = new Map(frames.map((frame) => [frame, frame.getAttribute("srcdoc")]));
const shown = { scheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light", part: "html", pictures: "on" };

function asked(html) {
  // A rule for the other scheme never holds, one for the chosen scheme always; a mail program decides the same way.
  const always = "(min-width: 0px)", never = "(max-width: 0px)";
  let text = html
    .replace(/\(\s*prefers-color-scheme\s*:\s*dark\s*\)/g, shown.scheme === "dark" ? always : never)
    .replace(/\(\s*prefers-color-scheme\s*:\s*light\s*\)/g, shown.scheme === "light" ? always : never)
    .replace(/(color-scheme\s*:\s*|name="color-scheme"\s+content=")light dark/g, `$1${shown.scheme}`);
  if (shown.pictures === "off") text = text.replace(/(<img\b[^>]*?\ssrc=")[^"]*/gi, "$1");
  return text;
}

function fit(frame) {
  const page = frame.contentDocument;
  if (!page || !page.body) return;
  frame.style.height = "0";
  frame.style.height = `${Math.max(page.documentElement.scrollHeight, page.body.scrollHeight) + 2}px`;
}

function press(name) {
  for (const button of document.querySelectorAll(`[data-set="${name}"] button`)) {
    button.setAttribute("aria-pressed", String(button.dataset.to === shown[name]));
  }
  const text = shown.part === "text";
  for (const figure of document.querySelectorAll("figure")) figure.hidden = figure.classList.contains("text") !== text;
}

function draw() {
  for (const frame of frames) {
    frame.style.colorScheme = shown.scheme;
    frame.srcdoc = asked(written.get(frame));
  }
}

for (const group of document.querySelectorAll("[data-set]")) {
  group.addEventListener("click", (event) => {
    const to = event.target.closest("button")?.dataset.to;
    if (!to || shown[group.dataset.set] === to) return;
    shown[group.dataset.set] = to;
    press(group.dataset.set);
    if (group.dataset.set !== "part") draw();
  });
}
for (const frame of frames) frame.addEventListener("load", () => fit(frame));
addEventListener("resize", () => frames.forEach(fit));
for (const name of Object.keys(shown)) press(name);
draw();
