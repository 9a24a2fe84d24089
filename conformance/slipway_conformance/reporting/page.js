"use strict";
const byId = (id) => document.getElementById(id);
const stored = (id) => JSON.parse(byId(id).textContent);
const clauses = stored("clauses");
const marks = stored("marks");
const rows = [...document.querySelectorAll("tr[data-clause]")];
const heads = [...document.querySelectorAll("th.target-name")];
const dialog = byId("cell");
// The results of a target are parsed when one of its cells is first opened.
const results = new Map();

// Filters

const fields = ["find", "outcome", "language", "section"].map(byId);
const [find, outcome, language, section] = fields;

function fits(row, word) {
  if (section.value && row.dataset.clause.split(".")[0] !== section.value) return false;
  // A number means a clause or a section, and 1.1 is not 11.1.
  if (/^\d+(\.\d*)?$/.test(word)) return `${row.dataset.clause}.`.startsWith(word.includes(".") ? word : `${word}.`);
  return row.dataset.find.includes(word);
}

function apply() {
  const word = find.value.trim().toLowerCase();
  const columns = new Set(heads.filter((head) => !language.value || head.dataset.language === language.value).map((head) => head.dataset.target));
  for (const cell of document.querySelectorAll("[data-target]")) cell.hidden = !columns.has(cell.dataset.target);
  for (const row of rows) {
    let some = false;
    for (const button of row.querySelectorAll("button")) {
      const has = !outcome.value || button.dataset.outcomes.split(",").includes(outcome.value);
      button.classList.toggle("other", !has);
      some ||= has && columns.has(button.parentElement.dataset.target);
    }
    row.hidden = !some || !fits(row, word);
  }
  for (const body of document.querySelectorAll("tbody[data-section]")) body.hidden = !body.querySelector("tr[data-clause]:not([hidden])");
  const left = rows.filter((row) => !row.hidden).length;
  byId("shown").value = left ? `${left} of ${rows.length} clauses shown` : "No clause fits: show all, or ask for less.";
  if (!isShown(current)) settle(grid()[0]?.[0]);
}

for (const field of fields) field.addEventListener("input", apply);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("reset", () => setTimeout(apply));

// The table as a grid: one stop for Tab, arrow keys within

let current = null;

function isShown(button) {
  return Boolean(button) && button.offsetParent !== null;
}

function grid() {
  return rows.filter((row) => !row.hidden).map((row) => [...row.querySelectorAll("td:not([hidden]) button")]);
}

function settle(button) {
  if (current) current.tabIndex = -1;
  current = button ?? null;
  if (current) current.tabIndex = 0;
}

function place(lines) {
  for (const [line, buttons] of lines.entries()) {
    const column = buttons.indexOf(current);
    if (column >= 0) return [line, column];
  }
  return [0, 0];
}

function neighbour(key) {
  const lines = grid();
  const [line, column] = place(lines);
  const last = lines[line].length - 1;
  const wanted = {
    ArrowLeft: [line, column - 1], ArrowRight: [line, column + 1], ArrowUp: [line - 1, column], ArrowDown: [line + 1, column],
    Home: [line, 0], End: [line, last], PageUp: [Math.max(0, line - 10), column], PageDown: [Math.min(lines.length - 1, line + 10), column],
  }[key];
  return wanted && lines[wanted[0]]?.[wanted[1]];
}

const table = document.querySelector("table.matrix");
table.addEventListener("keydown", (event) => {
  if (!event.target.matches("td button") || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = neighbour(event.key);
  if (!next) return;
  event.preventDefault();
  settle(next);
  next.focus();
});
table.addEventListener("focusin", (event) => event.target.matches("td button") && settle(event.target));
table.addEventListener("click", (event) => {
  const button = event.target.closest("td button");
  if (button) open(button);
});

// A cell

function add(parent, name, text, ...classes) {
  const made = parent.appendChild(document.createElement(name));
  if (text !== undefined) made.textContent = text;
  made.classList.add(...classes.filter(Boolean));
  return made;
}

function sign(parent, of) {
  add(parent, "span", marks[of], "sign", of.replace(" ", "-")).setAttribute("aria-hidden", "true");
}

function block(parent, title, text) {
  add(parent, "h4", title);
  add(parent, "pre", text).tabIndex = 0;
}

function showCase(parent, result, opened) {
  const box = add(parent, "details");
  box.open = opened;
  const summary = add(box, "summary");
  sign(summary, result.outcome);
  summary.append(` ${result.outcome} `);
  add(summary, "b", result.case, "id");
  add(box, "p", result.why, "why");
  if (result.note) add(box, "p", result.note);
  if (result.mismatches.length) block(box, "found", result.mismatches.join("\n"));
  for (const exchange of result.exchanges) {
    block(box, "sent", exchange.request);
    block(box, "came back", exchange.answer);
  }
  if (result.log) block(box, "log", result.log);
  const runs = result.attempts > 1 ? `, run ${result.attempts} times` : "";
  const log = !result.log && result.exchanges.length ? " The log is kept of what did not pass." : "";
  add(box, "p", `${result.seconds} s${runs}.${log}`, "why");
}

// The cell that the dialog shows; closing it, a browser goes back to the one that opened it.
let shown = null;

function open(button) {
  shown = button;
  settle(button);
  const number = button.closest("tr").dataset.clause;
  const target = button.parentElement.dataset.target;
  if (!results.has(target)) results.set(target, stored(`target-${target}`));
  const found = results.get(target)[number] ?? [];
  byId("cell-title").textContent = `${number} · ${heads[target].textContent}`;
  const clause = byId("cell-clause");
  clause.replaceChildren();
  for (const [place, piece] of clauses[number].text.split("`").entries()) add(clause, place % 2 ? "code" : "span", piece);
  const cases = byId("cell-cases");
  cases.replaceChildren();
  if (!found.length) add(cases, "p", "No case of this clause was run here.", "why");
  const telling = found.find((result) => ["error", "fail", "warning", "known gap"].includes(result.outcome)) ?? found[0];
  for (const result of found) showCase(cases, result, result === telling);
  byId("previous").disabled = !neighbour("ArrowUp");
  byId("next").disabled = !neighbour("ArrowDown");
  dialog.scrollTop = 0;
  if (!dialog.open) dialog.showModal();
}

function move(key) {
  const next = neighbour(key);
  if (next) open(next);
}

byId("previous").addEventListener("click", () => move("ArrowUp"));
byId("next").addEventListener("click", () => move("ArrowDown"));
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => shown.focus());

// On paper, what did not pass is told in full.
addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("#failures details")) box.open = true;
});

apply();
