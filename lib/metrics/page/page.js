"use strict";
// Texts come from initiators too: they are only ever put in as text.

const PERIOD = 2000; // milliseconds from one look to the next
const PATIENCE = 5000; // milliseconds that an answer may take
const POINTS = 150;
const FEWEST = 30; // that fill a chart
const MOST_ROWS = 10; // of a table, until somebody wants all of them
const STORED = "scst-token";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function digits(value) {
  return value.toFixed(value >= 99.95 || value === 0 ? 0 : value >= 9.995 ? 1 : 2);
}

function size(bytes) {
  let [value, unit] = [bytes, 0];
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value.toFixed(0) : digits(value)} ${UNITS[unit]}`;
}

function time(microseconds) {
  if (microseconds === undefined) return "-";
  if (microseconds < 999.5) return `${microseconds.toFixed(0)} us`;
  if (microseconds < 999500) return `${digits(microseconds / 1e3)} ms`;
  return `${digits(microseconds / 1e6)} s`;
}

function span(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  return `${days > 0 ? `${days} d ` : ""}${hours} h ${minutes % 60} min`;
}

/** Microseconds that `part` of the commands did not take longer than. */
function quantile(classes, part) {
  const count = classes.reduce((sum, one) => sum + one, 0);
  let left = part * count;
  for (let index = 0; count > 0; index++) {
    const here = classes[index];
    const from = index === 0 ? 0 : 2 ** (index - 1);
    if (here > 0 && left <= here) return from + (2 ** index - from) * left / here;
    left -= here;
  }
  return undefined;
}

const WAYS = ["read", "write", "none"];

/** What was done since `before`, in a second. */
function rates(before, now, seconds) {
  const of = (way, figure) =>
    Math.max(0, now[way][figure] - (before?.[way][figure] ?? 0)) / seconds;
  const classes = now.read.classes.map((_, index) =>
    WAYS.reduce(
      (sum, way) =>
        sum + Math.max(0, now[way].classes[index] - (before?.[way].classes[index] ?? 0)),
      0,
    )
  );
  return {
    reads: of("read", "commands"),
    writes: of("write", "commands"),
    iops: WAYS.reduce((sum, way) => sum + of(way, "commands"), 0),
    read: of("read", "bytes"),
    written: of("write", "bytes"),
    median: quantile(classes, 0.5),
    p99: quantile(classes, 0.99),
    // Commands under way on average: those that end at once are never seen under way.
    mean: WAYS.reduce((sum, way) => sum + of(way, "microseconds"), 0) / 1e6,
  };
}

function byKey(rows, keyOf) {
  return new Map((rows ?? []).map((row) => [keyOf(row), row]));
}

/** Those that are under way now, or were on average if that is more. */
function queueOf(now, mean) {
  return Math.max(now, Math.round(mean));
}

/** What hangs is what somebody looks for; then the busiest. */
function stuckFirst(one, other) {
  const isStuck = ({ iops, commands }) => iops === 0 && commands > 0;
  return Number(isStuck(other)) - Number(isStuck(one)) || other.iops - one.iops;
}

/** Sessions' LUNs with what goes on there, and the sum over all LUNs. */
function activity(before, now) {
  const old = before?.started === now.started ? before : undefined;
  const seconds = Math.max(0.1, (now.at - (old?.at ?? now.started)) / 1000);
  const unitKey = ({ sid, lun, device }) => `${sid} ${lun} ${device}`;
  const units = (feed) =>
    (feed?.sessions ?? []).flatMap(({ luns, ...session }) =>
      luns.map((lun) => ({ ...session, ...lun }))
    );
  const [oldUnits, lunKey] = [
    byKey(units(old), unitKey),
    ({ target, lun, device }) => `${target} ${lun} ${device}`,
  ];
  const oldLuns = byKey(old?.luns, lunKey);
  const rows = units(now).map((unit) => {
    const done = rates(oldUnits.get(unitKey(unit))?.figures, unit.figures, seconds);
    return { ...unit, ...done, queue: queueOf(unit.commands, done.mean) };
  }).sort(stuckFirst);
  const all = { reads: 0, writes: 0, read: 0, written: 0, p99: 0, mean: 0 };
  for (const lun of now.luns) {
    const one = rates(oldLuns.get(lunKey(lun))?.figures, lun.figures, seconds);
    for (const name of ["reads", "writes", "read", "written", "mean"]) all[name] += one[name];
    all.p99 = Math.max(all.p99, one.p99 ?? 0);
  }
  const commands = now.sessions.reduce((sum, session) => sum + session.commands, 0);
  return { rows, all: { ...all, queue: queueOf(commands, all.mean) } };
}

function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

/** Titles of the tables of which somebody wants all rows. */
const opened = new Set();

/** Rows of texts under headings, the first ones unless all are wanted; a text with a class is a pair. */
function table(title, headings, rows, none) {
  const shown = opened.has(title) ? rows : rows.slice(0, MOST_ROWS);
  const body = shown.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, index) => {
        const [text, kind] = Array.isArray(cell) ? cell : [cell, ""];
        const name = headings[index];
        return element("td", { "data-name": name, class: kind }, String(text));
      }),
    )
  );
  const head = element("tr", {}, ...headings.map((text) => element("th", {}, text)));
  const content = rows.length === 0
    ? element("p", { class: "faint" }, none)
    : element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const more = rows.length > MOST_ROWS ? [switchOf(title, rows.length)] : [];
  const heading = element("h2", {}, `${title} (${rows.length})`);
  return element("section", {}, heading, content, ...more);
}

/** A button that shows all rows of a table, or the first ones. */
function switchOf(title, count) {
  const text = opened.has(title) ? `Show ${MOST_ROWS}` : `Show all ${count}`;
  const button = element("button", { type: "button" }, text);
  button.addEventListener("click", () => {
    if (!opened.delete(title)) opened.add(title);
    showTables();
  });
  return button;
}

const SVG = "http://www.w3.org/2000/svg";

/** Lines over the last minutes; `lines` has what each of them is called, and what it adds. */
class Chart {
  constructor(title, format, valueOf, lines) {
    this.format = format;
    this.valueOf = valueOf;
    this.lines = lines.map(([kind, valueOf]) => {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("class", kind);
      return { line, valueOf, values: [] };
    });
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${POINTS - 1} 100`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    svg.append(...this.lines.map(({ line }) => line));
    this.value = element("b", {});
    const caption = element("figcaption", {}, element("span", {}, title), this.value);
    this.scale = element("span", {});
    const names = lines.length === 1
      ? []
      : lines.map(([kind]) => element("i", { class: kind }, kind));
    const legend = element("p", { class: "faint legend" }, ...names, this.scale);
    this.figure = element("figure", {}, caption, svg, legend);
  }

  add(all) {
    for (const one of this.lines) {
      one.values.push(one.valueOf(all));
      if (one.values.length > POINTS) one.values.shift();
    }
    const most = Math.max(0, ...this.lines.flatMap(({ values }) => values));
    for (const { line, values } of this.lines) {
      const step = (POINTS - 1) / Math.max(FEWEST, values.length - 1);
      const points = values.map((value, index) => {
        const x = POINTS - 1 - (values.length - 1 - index) * step;
        return `${x.toFixed(2)},${(98 - 94 * value / (most || 1)).toFixed(2)}`;
      });
      line.setAttribute("points", points.join(" "));
    }
    this.value.textContent = this.format(this.valueOf(all));
    const minutes = Math.round(POINTS * PERIOD / 60000);
    this.scale.textContent = `at most ${this.format(most)} in ${minutes} min`;
  }
}

const rate = (bytes) => `${size(bytes)}/s`;
const whole = (count) => String(Math.round(count));

const CHARTS = [
  new Chart("Commands / s", whole, ({ reads, writes }) => reads + writes, [
    ["read", ({ reads }) => reads],
    ["write", ({ writes }) => writes],
  ]),
  new Chart("Throughput", rate, ({ read, written }) => read + written, [
    ["read", ({ read }) => read],
    ["write", ({ written }) => written],
  ]),
  new Chart("Latency (p99)", time, ({ p99 }) => p99, [["only", ({ p99 }) => p99]]),
  new Chart("Queue", whole, ({ queue }) => queue, [["only", ({ queue }) => queue]]),
];

const part = (id) => document.getElementById(id);
part("charts").append(...CHARTS.map(({ figure }) => figure));

function health(text, isGood) {
  part("health").textContent = text;
  part("health").className = isGood ? "good" : "bad";
}

let shown;

function show(before, now) {
  const { rows, all } = activity(before, now);
  shown = { now, rows };
  const isHealthy = now.problems.length === 0;
  health(isHealthy ? "healthy" : "something is broken", isHealthy);
  part("facts").textContent = [
    now.version,
    `up ${span((now.at - now.started) / 1000)}`,
    `memory ${size(now.memory.resident)}`,
    `loop late by ${time(now.loop.worst * 1000)} at most`,
  ].join(" \u00b7 ");
  const warnings = [...now.problems, ...now.risks];
  part("problems").hidden = warnings.length === 0;
  part("problems").replaceChildren(
    element("ul", { class: "bad" }, ...warnings.map((text) => element("li", {}, text))),
  );
  if (before !== undefined) { for (const chart of CHARTS) chart.add(all); }
  // Whoever has marked something, to copy it, keeps it.
  if (getSelection().isCollapsed) showTables();
}

const closedFirst = (one, other) => Number(!one.closed) - Number(!other.closed);
const brokenFirst = (one, other) =>
  Number(other.state === "broken") - Number(one.state === "broken");

function showTables() {
  const { now, rows } = shown;
  const refused = Object.entries(now.logins.refused).filter(([, count]) => count > 0);
  document.querySelector("main").replaceChildren(
    table(
      "Sessions and their LUNs",
      ["Initiator", "Target", "LUN", "Device", "IOPS", "Read", "Write", "Median", "p99", "Queue"],
      rows.map((row) => [
        row.initiator,
        row.target,
        row.lun,
        row.device,
        row.iops.toFixed(0),
        `${size(row.read)}/s`,
        `${size(row.written)}/s`,
        time(row.median),
        time(row.p99),
        row.queue,
      ]),
      "Nobody has used a LUN.",
    ),
    table(
      "Targets",
      ["Target", "LUNs", "Groups", "Sessions", "Logins"],
      now.targets.toSorted(closedFirst).map((one) => [
        one.target,
        one.luns + one.group_luns,
        one.groups,
        one.sessions,
        one.closed === undefined ? "yes" : [`no: ${one.closed}`, "bad"],
      ]),
      "There are none.",
    ),
    table(
      "Devices",
      ["Device", "State", "Size", "Cache", "Errors", "Handler", "File"],
      now.devices.toSorted(brokenFirst).map((one) => [
        one.device,
        one.state === "broken" ? [one.state, "bad"] : one.state,
        size(one.size),
        one.cache,
        Object.values(one.errors).reduce((sum, count) => sum + count, 0),
        one.handler,
        one.filename || "-",
      ]),
      "There are none.",
    ),
    table("Logins refused", ["Reason", "Times"], refused, "None was."),
    table(
      "Recent events",
      ["When", "Level", "What"],
      now.events.toReversed().map(({ at, level, message }) => [
        new Date(at).toLocaleString(),
        level === "error" ? [level, "bad"] : level,
        message,
      ]),
      "Nothing that somebody should do something about.",
    ),
  );
}

let last;
let lastAt; // by the clock of this machine

/** What is shown is not so any more, for all that is known. */
function lost(text) {
  const ago = lastAt === undefined
    ? ""
    : `, what is below is ${span((Date.now() - lastAt) / 1000)} old`;
  health(`${text}${ago}`, false);
  document.body.className = lastAt === undefined ? "" : "old";
}

async function look() {
  const token = sessionStorage.getItem(STORED);
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch("feed", { headers, cache: "no-store", signal });
    part("login").hidden = response.status !== 401;
    if (response.status === 401) {
      return lost(token === null ? "a token is needed" : "the token is not the right one");
    }
    if (!response.ok) return lost(`the server says ${response.status}`);
    const now = await response.json();
    lastAt = Date.now();
    document.body.className = "";
    if (now.at === last?.at) return; // what was said to another one a moment ago
    show(last, now);
    last = now;
  } catch {
    lost("the server does not answer");
  }
}

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(STORED, event.target.querySelector("input").value.trim());
  look();
});

async function run() {
  for (;;) {
    if (!document.hidden) await look();
    await new Promise((resolve) => setTimeout(resolve, PERIOD));
  }
}

run();
