/* What is here, and trying it. */
import { ask, blame, byId, complain, fill, post, say, setKey, sure, valid } from "./page-dom.js";
import { show, start } from "./page-steps.js";

let timer = 0;

async function refresh() {
  clearTimeout(timer);
  try {
    fill(byId("lists"), await (await ask("page/lists")).text());
    complain("");
    offer(JSON.parse(byId("state").dataset.choices));
  } catch (error) {
    complain(error.message);
  }
  const state = byId("state");
  timer = setTimeout(refresh, state && state.dataset.busy === "yes" ? 2_000 : 8_000);
}

function options(select, choices, first) {
  const before = [...select.options].map((option) => option.value);
  const names = choices.map((choice) => choice.name);
  if (before.join("\n") === names.join("\n")) return;
  const kept = select.dataset.chosen ? select.value : first;
  select.replaceChildren(...choices.map(({ name, title }) => new Option(title === name ? name : `${name} (${title})`, name)));
  select.value = names.includes(kept) ? kept : first;
}

function offer({ base, tuned }) {
  const latest = tuned.length ? tuned[0].name : base[0].name;
  options(byId("left"), [...base, ...tuned], base[0].name);
  options(byId("right"), [...base, ...tuned], latest);
  options(byId("base"), base, base[0].name);
  stand();
}

function stand() {
  byId("base-hint").textContent = /^(english|multilingual|rerank-)/.test(byId("base").value) ? "Not Cohere’s model: what answers to the name is in brackets." : "";
}

document.addEventListener("change", (event) => {
  if (event.target.tagName !== "SELECT") return;
  event.target.dataset.chosen = "yes";
  stand();
});

byId("lists").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-delete]");
  if (!button) return;
  const { kind, name } = button.dataset;
  if (!await sure(`Delete the ${kind}?`, `“${name}” cannot be had back.`, "Delete", "Keep it")) return;
  try {
    await ask(button.dataset.delete, { method: "DELETE" });
    say(`The ${kind} ${name} is deleted`);
    await refresh();
    show(false);
    byId("lists").querySelector(kind === "model" ? "#models-title" : "#datasets-title").scrollIntoView({ block: "nearest" });
  } catch (error) {
    complain(error.message);
  }
});

/* Try */
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

byId("query").dataset.missing = "Write a query.";
byId("documents").dataset.missing = "Write documents, one a line.";

byId("rank").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!valid(event.target)) return;
  const fields = event.target.elements;
  const documents = fields.documents.value.split("\n").filter((line) => line.trim());
  const rank = async (model) =>
    column(model, documents, (await post("v2/rerank", { model, query: fields.query.value, documents })).results);
  try {
    const models = [...new Set([fields.left.value, fields.right.value])];
    byId("ranked").replaceChildren(...await Promise.all(models.map(rank)));
    complain("");
  } catch (error) {
    const field = /: query/.test(error.message) ? fields.query : fields.documents;
    blame(field, error.message);
    field.focus();
  }
});

byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(event.target.elements.key.value);
  event.target.reset();
  refresh();
  show(false);
});

refresh();
start(refresh);
