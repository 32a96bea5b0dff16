/* The way to a model: upload, review, name and settings, training. The address says where one is. */
import { ask, blame, byId, clear, complain, download, fill, post, save, say, sure, upload, valid } from "./page-dom.js";

const MODELS = "v1/finetuning/finetuned-models";
const TYPE = "reranker-finetune-input";
const STEPS = ["upload", "review", "settings", "training"];
const PANELS = { review: "page/datasets/", settings: "page/datasets/", model: "page/models/" };
const UNCHECKED = ["queued", "processing"];
const UNFINISHED = ["STATUS_QUEUED", "STATUS_FINETUNING", "STATUS_DEPLOYING_API"];
let timer = 0;
let current = null;
let told = "";
let changed = () => {};

/* `whenever` is called when something has been made, so that lists are asked for anew. */
export function start(whenever) {
  changed = whenever;
  addEventListener("hashchange", () => show(true));
  show(false);
}

function reveal(step, moved) {
  for (const name of STEPS) byId(name).hidden = name !== step;
  for (const item of byId("steps").children) {
    if (item.dataset.step === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (!moved) return;
  const title = byId(step).querySelector("h2");
  if (!title) return;
  title.tabIndex = -1;
  title.focus();
}

/* Show the step that the address names; other addresses lead to other parts of the page and change nothing here. */
export async function show(moved) {
  clearTimeout(timer);
  const [place, id] = location.hash.slice(1).split("/");
  const before = current && current.join("/");
  if (place in PANELS && id) current = [place, id];
  else if (!place || place === "create") current = null;
  if (current) await look(current, current.join("/") !== before, moved);
  else reveal("upload", moved && place === "create");
}

async function look([place, id], fresh, moved) {
  const target = byId(place === "model" ? "training" : "review");
  try {
    const text = await (await ask(PANELS[place] + encodeURIComponent(id))).text();
    if (!current || current[1] !== id || current[0] !== place) return;
    complain("");
    fill(target, text);
    if (place === "settings") settle(target.firstElementChild, id, fresh);
    if (fresh) reveal(place === "model" ? "training" : place, moved);
    follow(place, target.firstElementChild);
  } catch (error) {
    complain(error.message);
    if (error.status === 404) location.hash = "create";
    else timer = setTimeout(() => show(false), 3_000);
  }
}

/* Tell what has changed, and look again while it changes. */
function follow(place, panel) {
  const { status, percent } = panel.dataset;
  const busy = place === "model" ? UNFINISHED.includes(status) : UNCHECKED.includes(status);
  const now = `${current.join("/")} ${status}`;
  if (told && told !== now && told.startsWith(current.join("/"))) changed();
  told = now;
  const tenth = 10 * Math.floor(Number(percent || 0) / 10);
  if (place === "review") say(busy ? "Validating" : `The data set is ${status}`);
  if (place === "model") say(busy ? `${panel.querySelector(".badge").textContent}, ${tenth} percent` : `The model is ${panel.querySelector(".badge").textContent}`);
  if (busy) timer = setTimeout(() => show(false), 1_000);
}

function settle(panel, id, fresh) {
  byId("back-to-review").href = `#review/${id}`;
  if (panel.dataset.defaults) byId("defaults").textContent = panel.dataset.defaults;
  if (fresh) byId("model-name").value = panel.dataset.name;
}

/* Step 1 */
const form = byId("upload");
form.elements.data.dataset.missing = "Choose a file with training data.";
form.elements.name.dataset.missing = "Give the data set a name.";

function named() {
  const file = form.elements.data.files[0];
  blame(form.elements.data, "");
  if (!file || form.elements.name.dataset.typed) return;
  form.elements.name.value = file.name.replace(/(\.corrected)?\.jsonl?$/i, "").slice(0, 49);
  blame(form.elements.name, "");
}

form.elements.name.addEventListener("input", (event) => { event.target.dataset.typed = event.target.value; });
form.elements.data.addEventListener("change", named);
form.elements.eval_data.addEventListener("change", (event) => blame(event.target, ""));

for (const area of form.querySelectorAll(".drop")) {
  const field = area.querySelector("input");
  for (const kind of ["dragenter", "dragover"]) {
    area.addEventListener(kind, (event) => { event.preventDefault(); area.classList.add("over"); });
  }
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change"));
  });
}

function fieldOf(message) {
  const named = /^invalid request: (?:settings\.hyperparameters\.|settings\.)?(\w+)/.exec(message);
  return named && { base_model: "base", model: "base" }[named[1]] || (named && named[1]);
}

async function send(name, files) {
  const body = new FormData();
  for (const [side, file] of Object.entries(files)) if (file) body.append(side, file);
  const bar = byId("sending");
  const progress = bar.querySelector("progress");
  const button = form.querySelector("button.main");
  progress.value = 0;
  [bar.hidden, byId("stop-upload").hidden, button.disabled] = [false, false, true];
  try {
    const path = `v1/datasets?name=${encodeURIComponent(name)}&type=${TYPE}`;
    const made = await upload(path, body, (percent) => {
      if (percent === null) return;
      progress.value = percent;
      bar.firstElementChild.textContent = `Uploading, ${Math.floor(percent)} %`;
      if (percent === 100) bar.firstElementChild.textContent = "Storing";
    }, (stop) => { byId("stop-upload").onclick = stop; });
    form.reset();
    delete form.elements.name.dataset.typed;
    changed();
    location.hash = `review/${made.id}`;
  } finally {
    [bar.hidden, byId("stop-upload").hidden, button.disabled] = [true, true, false];
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!valid(form)) return;
  const fields = form.elements;
  try {
    await send(fields.name.value, { data: fields.data.files[0], eval_data: fields.eval_data.files[0] });
    complain("");
  } catch (error) {
    const field = fields[fieldOf(error.message)] || fields.data;
    blame(field, error.message);
    field.focus();
  }
});

/* Step 2 */
byId("review").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-download], button[data-correct], button[data-decide]");
  if (!button) return;
  button.disabled = true;
  try {
    if (button.dataset.decide) location.assign((await post(`page/datasets/${button.dataset.decide}/decisions`, {})).address);
    else if (button.dataset.download) save(await download(button.dataset.download));
    else await correct(button);
    complain("");
  } catch (error) {
    complain(error.message);
  } finally {
    button.disabled = false;
  }
});

async function correct(button) {
  const { correct: id, sides, correctable } = button.dataset;
  const files = {};
  for (const side of sides.split(" ")) {
    files[side === "train" ? "data" : "eval_data"] = await download(`v1/datasets/${id}/corrected/${side}`);
  }
  if (!correctable) return;
  const name = byId("review").firstElementChild.dataset.name.slice(0, 37);
  await send(`${name} (corrected)`, files);
}

/* Step 3 */
const settings = byId("settings");
settings.elements.name.dataset.missing = "Give the model a name.";

settings.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!valid(settings)) return;
  const fields = settings.elements;
  const hyperparameters = {};
  for (const name of ["train_epochs", "learning_rate", "train_batch_size"]) {
    if (fields[name].value) hyperparameters[name] = Number(fields[name].value);
  }
  const base_model = { name: fields.base.value, base_type: "BASE_TYPE_RERANK" };
  const body = { name: fields.name.value, settings: { base_model, dataset_id: current[1], hyperparameters } };
  try {
    const { finetuned_model: made } = await post(MODELS, body);
    complain("");
    settings.reset();
    clear(settings);
    changed();
    location.hash = `model/${made.id}`;
  } catch (error) {
    const field = fields[fieldOf(error.message)] || fields.name;
    blame(field, error.message);
    field.focus();
  }
});

/* Step 4 */
byId("training").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-cancel]");
  if (!button) return;
  if (!await sure("Cancel the training?", "What it has learned so far is lost. The data set stays.", "Cancel the training", "Go on training")) return;
  try {
    await post(`${MODELS}/${button.dataset.cancel}/cancel`, {});
    complain("");
  } catch (error) {
    complain(error.message);
  }
  changed();
  show(false);
});
