"use strict";
(() => {
  const narrow = matchMedia("(max-width: 46rem)");
  const PAGE = narrow.matches ? 5 : 25, LONG = 200;
  const data = JSON.parse(document.getElementById("data").textContent);
  const code = (point) => String.fromCodePoint(point);
  const unseen = new RegExp("[" + data.unseen.map(([a, b]) => `${code(a)}-${code(b)}`).join("") + "]", "gu");

  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const badge = (text, level, title) => {
    const element = make("span", level ? `badge ${level}` : "badge", text);
    if (title) element.title = title;
    return element;
  };

  /* Text becomes text nodes: words looked for in <mark>, unseen characters as their code point. */
  const shown = (text, wanted) => {
    const pieces = [];
    let end = 0;
    const take = (from, to, element) => {
      if (from > end) pieces.push(text.slice(end, from));
      pieces.push(element);
      end = to;
    };
    const found = [...text.matchAll(unseen)].map((match) => [match.index, match[0], false]);
    if (wanted) for (const match of text.matchAll(wanted)) found.push([match.index, match[0], true]);
    for (const [at, piece, marked] of found.sort((a, b) => a[0] - b[0])) {
      if (at < end || !piece) continue;
      const hex = piece.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      take(at, at + piece.length, marked ? make("mark", "", ...shown(piece, null)) : make("span", "code", `U+${hex}`));
    }
    if (end < text.length) pieces.push(text.slice(end));
    return pieces;
  };

  const block = (tag, className, text, wanted) => {
    const element = make(tag, className, ...shown(text, wanted));
    element.dir = "auto";
    return element;
  };

  const level = (risk) => (risk >= 0.2 ? "error" : risk >= 0.05 ? "warning" : "good");
  const facts = (passage) => {
    const line = make("div", "facts-line");
    if ("similarity" in passage) line.append(badge(`sim ${passage.similarity.toFixed(3)}`, "", "cosine of this passage to the query"));
    if ("risk" in passage) line.append(badge(`risk ${passage.risk.toFixed(3)}`, level(passage.risk), "estimated probability that it answers the query after all; read it from 0.2 on"));
    if ("to_relevant" in passage) line.append(badge(`to relevant ${passage.to_relevant.toFixed(3)}`, "", "highest cosine to a relevant passage of the query: near 1 it says much the same"));
    if ("rescored" in passage) line.append(badge(`rescored ${passage.rescored.toFixed(3)}`, "", "score of the cross-encoder"));
    if ("rank" in passage) line.append(badge(`rank ${passage.rank}`, "", "place among all passages, the most similar to the query first"));
    if (passage.title) line.prepend(make("span", "title", ...shown(passage.title, null)));
    const from = passage.id ?? passage.source;
    if (from !== undefined) {
      const element = make("span", "from", ...shown(from, null));
      if (passage.source !== undefined) element.title = passage.source;
      line.append(element);
    }
    return line.childNodes.length ? line : null;
  };
  const passages = (label, list, wanted) => {
    const stick = make("div", "stick"), cell = make("td", "", stick);
    cell.dataset.label = label;
    for (const passage of list) {
      const hit = wanted ? passage.text.search(wanted) : -1;
      const text = block("p", hit > LONG ? "" : "clamp", passage.text, wanted);
      stick.append(make("div", "passage", facts(passage), text));
    }
    if (!list.length) stick.append(make("p", "quiet", "none"));
    return cell;
  };

  const unfold = (button, row) => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show less" : "Show all";
    for (const text of row.querySelectorAll(".passage p")) text.classList.toggle("clamp", !open);
  };
  const rowOf = (item, wanted) => {
    const query = make("div", "stick", block("p", "query", item.query, wanted));
    const cell = make("td", "", query);
    cell.dataset.label = "Query";
    for (const [rule, severity] of item.findings) query.append(make("p", "rule", badge(rule, severity, "a check names this line")));
    const row = make("tr", "", make("td", "num", make("div", "stick", String(item.line))), cell,
      passages("Relevant passages", item.relevant, wanted), passages("Hard negatives", item.negatives, wanted));
    if ([...item.relevant, ...item.negatives].some((passage) => passage.text.length > LONG || passage.text.includes("\n"))) {
      const button = make("button", "more", "Show all");
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-label", `Show all text of line ${item.line}`);
      button.addEventListener("click", () => unfold(button, row));
      query.append(button);
    }
    return row;
  };

  const most = (item, name) => Math.max(-Infinity, ...item.negatives.map((negative) => negative[name] ?? -Infinity));
  const ORDERS = {
    line: (a, b) => a.line - b.line,
    risk: (a, b) => most(b, "risk") - most(a, "risk") || a.line - b.line,
    similarity: (a, b) => most(b, "similarity") - most(a, "similarity") || a.line - b.line,
    few: (a, b) => a.negatives.length - b.negatives.length || a.line - b.line,
  };
  const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

  const browser = (section) => {
    const items = data.tables[section.dataset.tab];
    const form = section.querySelector("form"), field = form.elements;
    const texts = items.map((item) =>
      [item.query, ...[...item.relevant, ...item.negatives].flatMap((passage) => [passage.text, passage.title ?? "", passage.id ?? ""])].join("\n").toLowerCase());
    let page = 0;

    const threshold = (name) => {
      const input = field[name];
      if (!input || Number(input.value) <= Number(input.min)) return null;
      return Number(input.value);
    };
    const chosen = () => {
      const words = field.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const lines = words.filter((word) => /^line:\d+$/.test(word)).map((word) => Number(word.slice(5)));
      const wanted = words.filter((word) => !/^line:\d*$/.test(word));
      const risk = threshold("risk"), similarity = threshold("similarity"), full = Number(field.short.dataset.full);
      const hard = (negative) => (risk === null || negative.risk >= risk) && (similarity === null || negative.similarity >= similarity);
      const rows = items.filter((item, i) =>
        (!lines.length || lines.includes(item.line))
        && wanted.every((word) => texts[i].includes(word))
        && (!field.short.checked || item.negatives.length < full)
        && (!field.findings.checked || item.findings.length > 0)
        && ((risk === null && similarity === null) || item.negatives.some(hard)));
      return { rows: rows.sort(ORDERS[field.order.value]), pattern: wanted.length ? new RegExp(wanted.map(escaped).join("|"), "giu") : null };
    };
    const draw = () => {
      const { rows, pattern } = chosen();
      const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
      page = Math.min(page, last);
      for (const name of ["risk", "similarity"]) {
        const value = threshold(name);
        if (field[name]) field[name].closest("label").querySelector("output").textContent = value === null ? "any" : value.toFixed(3);
      }
      section.querySelector("tbody").replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map((item) => rowOf(item, pattern)));
      section.querySelector(".state").textContent = rows.length
        ? `${rows.length.toLocaleString("en")} of ${items.length.toLocaleString("en")} rows` : "No row matches.";
      const pages = section.querySelector(".pages");
      pages.hidden = last === 0;
      pages.querySelector(".page").textContent = `Page ${page + 1} of ${last + 1}`;
      pages.querySelector("[name=previous]").disabled = page === 0;
      pages.querySelector("[name=next]").disabled = page === last;
    };
    const turn = (by) => {
      page += by;
      draw();
      section.scrollIntoView();
    };
    const anew = () => {
      page = 0;
      draw();
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const change of ["input", "change"]) form.addEventListener(change, anew);
    form.addEventListener("reset", () => setTimeout(anew));
    section.querySelector("[name=previous]").addEventListener("click", () => turn(-1));
    section.querySelector("[name=next]").addEventListener("click", () => turn(1));
    draw();
    return (line) => {
      section.querySelector(".fold").open = true;
      form.reset();
      field.text.value = `line:${line}`;
      anew();
      section.scrollIntoView();
      field.text.focus({ preventScroll: true });
    };
  };

  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab) => {
    for (const each of tabs) {
      const current = each === tab;
      each.setAttribute("aria-selected", String(current));
      each.tabIndex = current ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !current;
    }
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const target = { ArrowRight: i + 1, ArrowLeft: i - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      choose(tabs[target % tabs.length]);
      tabs[target % tabs.length].focus();
    });
  });
  const goTo = {};
  for (const section of document.querySelectorAll(".browser")) goTo[section.dataset.tab] = browser(section);
  for (const button of document.querySelectorAll(".line")) {
    button.addEventListener("click", () => goTo[button.dataset.tab](Number(button.dataset.line)));
  }
  /* A narrow screen begins folded: what is asked for opens, and paper shows all. */
  const folds = [...document.querySelectorAll(".fold")];
  if (narrow.matches) for (const fold of folds) fold.open = false;
  const reveal = (hash) => {
    const fold = hash && document.getElementById(hash.slice(1))?.querySelector(".fold");
    if (fold) fold.open = true;
  };
  for (const link of document.querySelectorAll(".headline nav a")) link.addEventListener("click", () => reveal(link.hash));
  addEventListener("beforeprint", () => folds.forEach((fold) => { fold.open = true; }));
  reveal(location.hash);
  if (tabs.length) {
    const linked = location.hash && document.getElementById(location.hash.slice(1).split("-")[0]);
    choose(tabs.find((tab) => linked && tab.getAttribute("aria-controls") === linked.id) ?? tabs[0]);
  }
})();
