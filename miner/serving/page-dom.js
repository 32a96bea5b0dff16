/* What every part of the page needs: asking the server, and changing the page without losing one's place. */

const KEY = "miner-api-key";
export const byId = (id) => document.getElementById(id);

export function setKey(value) {
  sessionStorage.setItem(KEY, value);
}

export function headers(more) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...more, Authorization: `Bearer ${key}` } : more || {};
}

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: headers(options.headers) });
  } catch {
    throw new Refusal(0, "The server does not answer.");
  }
  byId("key").hidden = response.status !== 401;
  if (response.ok) return response;
  let message = response.statusText;
  try { message = (await response.json()).message; } catch { /* no JSON: the status has to do */ }
  throw new Refusal(response.status, message);
}

export async function post(path, body) {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await ask(path, sent)).json();
}

/* fetch tells nothing of how much was sent, XMLHttpRequest does. */
export function upload(path, form, progress, begun) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.lengthComputable ? (100 * event.loaded) / event.total : null);
    request.onload = () => {
      byId("key").hidden = request.status !== 401;
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* the status has to do */ }
      if (request.status < 300) resolve(told);
      else reject(new Refusal(request.status, told.message || request.statusText));
    };
    request.onerror = () => reject(new Refusal(0, "The upload broke off: the server does not answer, or refused it."));
    request.onabort = () => reject(new Refusal(0, "The upload was stopped."));
    begun(() => request.abort());
    request.send(form);
  });
}

export async function download(path) {
  const response = await ask(path);
  const named = /filename\*?=(?:utf-8'')?"?([^";]+)/i.exec(response.headers.get("content-disposition") || "");
  return new File([await response.blob()], named ? decodeURIComponent(named[1]) : "corrected.jsonl");
}

export function save(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/* Make `element` hold what the markup says, changing only what differs: focus, open parts and chosen tabs stay. */
export function fill(element, markup) {
  const wanted = document.createElement("template");
  wanted.innerHTML = markup;
  morph(element, wanted.content);
}

const KEPT = new Set(["open", "aria-selected", "tabindex", "hidden"]);

function morph(element, wanted) {
  const old = [...element.childNodes];
  const fresh = [...wanted.childNodes];
  fresh.forEach((node, place) => {
    const before = old[place];
    if (!before) element.append(node);
    else if (!alike(before, node)) before.replaceWith(node);
    else if (node.nodeType === Node.TEXT_NODE) {
      if (before.data !== node.data) before.data = node.data;
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      attributes(before, node);
      morph(before, node);
    }
  });
  old.slice(fresh.length).forEach((node) => node.remove());
}

const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

function attributes(before, node) {
  for (const { name } of [...before.attributes]) {
    if (!node.hasAttribute(name) && !KEPT.has(name)) before.removeAttribute(name);
  }
  for (const { name, value } of node.attributes) {
    if (!KEPT.has(name) && before.getAttribute(name) !== value) before.setAttribute(name, value);
  }
}

export function complain(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

export function say(text) {
  if (byId("said").textContent !== text) byId("said").textContent = text;
}

/* Errors stand beside their field, which says so. */
export function blame(field, message) {
  const place = field.getAttribute("aria-describedby").split(" ").find((id) => id.endsWith("-problem"));
  byId(place).textContent = message;
  byId(place).hidden = !message;
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

export function clear(form) {
  for (const field of form.querySelectorAll("[aria-describedby]")) blame(field, "");
}

/* Whether the fields hold what they should; the first that does not gets the focus. */
export function valid(form) {
  clear(form);
  const wrong = [...form.elements].filter((field) => field.willValidate && !field.validity.valid);
  for (const field of wrong) blame(field, field.dataset.missing && field.validity.valueMissing ? field.dataset.missing : field.validationMessage);
  if (wrong.length) wrong[0].focus();
  return !wrong.length;
}

export function sure(title, text, yes, no) {
  const dialog = byId("sure");
  byId("sure-title").textContent = title;
  byId("sure-text").textContent = text;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.querySelector("[value=no]").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

async function copy(button) {
  const source = byId(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  say(`Copied: ${source.textContent.slice(0, 60)}`);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1_500);
}

function choose(tab) {
  for (const each of tab.parentElement.querySelectorAll("[role=tab]")) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !chosen;
  }
  tab.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const tab = event.target.closest("[role=tab]");
  if (tab) choose(tab);
});

document.addEventListener("keydown", (event) => {
  if (event.target.getAttribute?.("role") !== "tab") return;
  const tabs = [...event.target.parentElement.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const place = { Home: 0, End: tabs.length - 1 }[event.key] ?? (step && (tabs.indexOf(event.target) + step + tabs.length) % tabs.length);
  if (place === undefined) return;
  event.preventDefault();
  choose(tabs[place]);
});
