"use strict";
const byId = (id) => document.getElementById(id);
const KEYS = { y: "answers", n: "no", u: "unsure" };
let state = null;
let place = -1;
let turn = Promise.resolve();

function complain(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

async function ask(path, body) {
  const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, sent);
  } catch {
    throw new Error("miner no longer answers; what you decided is kept. Start miner review again.");
  }
  if (response.ok) return response.json();
  let message = response.statusText;
  try { message = (await response.json()).message; } catch { /* no JSON: the status has to do */ }
  throw new Error(message);
}

/* One thing after the other: a key pressed while an answer is on its way waits for it. */
function inTurn(work) {
  turn = turn.then(work).then(() => complain(""), (error) => complain(error.message));
  return turn;
}

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];

function marked(text, asked, others) {
  const parts = document.createDocumentFragment();
  for (const part of text.split(/([\p{L}\p{N}]+)/u)) {
    const word = part.toLowerCase();
    const short = word.length < 4 && /^[a-z]*$/.test(word);
    const kind = asked.has(word) ? "asked" : short || others.has(word) || !/[\p{L}\p{N}]/u.test(part) ? "" : "only";
    if (!kind) {
      parts.append(part);
      continue;
    }
    const mark = document.createElement("mark");
    mark.className = kind;
    mark.textContent = part;
    parts.append(mark);
  }
  return parts;
}

function show(item) {
  const asked = new Set(words(item.query).filter((word) => word.length > 3));
  const known = new Set(item.relevant.flatMap(words));
  const own = new Set(words(item.candidate));
  byId("query").textContent = item.query;
  byId("candidate").replaceChildren(marked(item.candidate, asked, known));
  byId("relevant").replaceChildren(...item.relevant.map((text) => {
    const box = document.createElement("div");
    box.className = "text";
    box.dir = "auto";
    box.append(marked(text, asked, own));
    return box;
  }));
  byId("relevant-title").textContent = item.relevant.length > 1 ? `Relevant passages (${item.relevant.length})` : "Relevant passage";
  byId("id").textContent = item.id || "";
  byId("told").hidden = !item.judged;
  byId("told").textContent = item.judged ? `${item.judged.by} said: ${item.judged.verdict}` : "";
  byId("pair").setAttribute("aria-busy", "false");
}

const percent = (share) => `${(100 * share).toFixed(1)}%`;

function redraw() {
  const { verdicts, answered, counts, rate } = state;
  byId("file").textContent = state.file;
  document.title = `${answered} of ${verdicts.length} – ${state.file} – miner review`;
  byId("place").textContent = `${place + 1} of ${verdicts.length}, ${answered} decided`;
  byId("progress").value = verdicts.length ? answered / verdicts.length : 1;
  const told = `${counts.answers} yes, ${counts.no} no, ${counts.unsure + counts.partly} unsure`;
  byId("rate").textContent = rate ? `${told}: ${percent(rate.rate)} false (${percent(rate.low)} to ${percent(rate.high)})` : told;
  for (const button of document.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(verdicts[place] === button.dataset.verdict));
  }
  byId("back").disabled = place <= 0;
  byId("next").disabled = place >= verdicts.length - 1;
  byId("undo").disabled = verdicts[place] === null;
}

async function go(to) {
  if (to < 0 || to >= state.verdicts.length) return redraw();
  if (to !== place) {
    show(await ask("item", { place: to }));
    place = to;
    scrollTo(0, 0);
  }
  redraw();
}

function openAfter(from) {
  const { verdicts } = state;
  const later = verdicts.findIndex((verdict, i) => i > from && verdict === null);
  return later >= 0 ? later : verdicts.findIndex((verdict) => verdict === null);
}

const decide = (verdict) => inTurn(async () => {
  state = await ask("decide", { place, verdict });
  const to = openAfter(place);
  await go(to >= 0 ? to : place);
});

const undo = () => inTurn(async () => {
  state = await ask("undo", { place });
  redraw();
});

const move = (by) => inTurn(() => go(place + by));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !state) return;
  const key = event.key.toLowerCase();
  if (KEYS[key]) decide(KEYS[key]);
  else if (key === "arrowleft") move(-1);
  else if (key === "arrowright") move(1);
  else if (key === "z") undo();
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-verdict]")) {
  button.addEventListener("click", () => decide(button.dataset.verdict));
}
byId("back").addEventListener("click", () => move(-1));
byId("next").addEventListener("click", () => move(1));
byId("undo").addEventListener("click", undo);
byId("export").addEventListener("click", () => { byId("export").download = state.file.replace(/(\.jsonl)?$/, ".reviewed.jsonl"); });

/* Another window, or the audit in a terminal, writes to the same file. */
setInterval(() => inTurn(async () => {
  if (document.hidden || !state) return;
  state = await ask("state");
  redraw();
}), 3000);

inTurn(async () => {
  state = await ask("state");
  const first = openAfter(-1);
  await go(first >= 0 ? first : 0);
});
