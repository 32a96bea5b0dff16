"use strict";
const byId = (id) => document.getElementById(id);
const KEY = "miner-api-key";
let last = null;

function headers(more) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...more, Authorization: `Bearer ${key}` } : more || {};
}

function complain(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

async function ask(path, options) {
  const response = await fetch(path, options);
  byId("key").hidden = response.status !== 401;
  if (response.ok) return response;
  let message = response.statusText;
  try { message = (await response.json()).message; } catch { /* no JSON: the status has to do */ }
  throw new Error(message);
}

async function refresh() {
  try {
    const text = await (await ask("page/overview", { headers: headers() })).text();
    complain("");
    if (text !== last) show(text);
  } catch (error) {
    complain(error.message);
  }
  const state = byId("state");
  setTimeout(refresh, state && state.dataset.busy === "yes" ? 1500 : 8000);
}

function show(text) {
  const first = last === null;
  const open = new Map([...document.querySelectorAll("details.entry")].map((entry) => [entry.id, entry.open]));
  byId("overview").innerHTML = text;
  last = text;
  for (const entry of document.querySelectorAll("details.entry")) {
    if (!first && open.has(entry.id)) entry.open = open.get(entry.id);
  }
  const { choices, titles } = byId("state").dataset;
  offer(JSON.parse(choices), JSON.parse(titles));
}

function offer(choices, titles) {
  const names = [...choices.base, ...choices.tuned];
  const preferred = { left: choices.base[0], right: choices.tuned[0] || choices.base[0] };
  for (const [side, first] of Object.entries(preferred)) {
    const select = byId("rank").elements[side];
    const before = [...select.options].map((option) => option.value);
    const kept = select.dataset.chosen ? select.value : first;
    if (before.join("\n") === names.join("\n")) continue;
    select.replaceChildren(...names.map((name) => new Option(titles[name] ? `${titles[name]} (${name})` : name, name)));
    select.value = names.includes(kept) ? kept : first;
  }
}

function column(model, texts, results) {
  const title = document.createElement("h3");
  title.textContent = model;
  const list = document.createElement("ol");
  list.className = "ranked";
  for (const { index, relevance_score: score } of results) {
    const item = document.createElement("li");
    const number = document.createElement("span");
    number.className = "num";
    number.textContent = score.toFixed(4);
    const text = document.createElement("span");
    text.dir = "auto";
    text.textContent = texts[index];
    item.append(number, text);
    list.append(item);
  }
  const whole = document.createElement("div");
  whole.append(title, list);
  return whole;
}

byId("rank").addEventListener("change", (event) => {
  if (event.target.tagName === "SELECT") event.target.dataset.chosen = "yes";
});

byId("rank").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target.elements;
  const documents = form.documents.value.split("\n").filter((line) => line.trim());
  const rank = async (model) => {
    const body = JSON.stringify({ model, query: form.query.value, documents });
    const sent = { method: "POST", headers: headers({ "Content-Type": "application/json" }), body };
    return column(model, documents, (await (await ask("v2/rerank", sent)).json()).results);
  };
  try {
    byId("ranked").replaceChildren(...await Promise.all([form.left.value, form.right.value].map(rank)));
    complain("");
  } catch (error) {
    complain(error.message);
  }
});

byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, event.target.elements.key.value);
  event.target.reset();
  refresh();
});

refresh();
