/** Line charts as SVG: legible on light and on dark ground, without a script or a font of their own. */

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** The least and the largest of what was measured. */
  readonly low: number;
  readonly high: number;
}

export interface Chart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** The values of x in their order, all the same distance apart, and how they are written. */
  readonly xs: readonly number[];
  readonly label: (x: number) => string;
  readonly series: readonly { readonly name: string; readonly points: readonly ChartPoint[] }[];
}

const WIDTH = 760;
const HEIGHT = 440;
const LEFT = 84;
const RIGHT = 24;
const TOP = 84;
const BOTTOM = 60;

/** Lines of one chart on light ground and on dark ground; they differ in lightness too. */
const COLORS = [
  ["#0b62c4", "#6cb2ff"],
  ["#c4430b", "#ff9d6c"],
  ["#6a6a6a", "#b0b0b0"],
  ["#0b7a3b", "#5fd691"],
  ["#8a2bb8", "#d79bff"],
  ["#9a7400", "#f0cf5a"],
] as const;

const DASHES = ["", "7 4", "2 4", "10 3 2 3", "4 2", "1 3"];

function style(): string {
  const rules = (column: 0 | 1, text: string, grid: string, ground: string) =>
    [
      `.ground { fill: ${ground}; }`,
      `text { fill: ${text}; }`,
      `.grid { stroke: ${grid}; }`,
      ...COLORS.map((pair, at) =>
        `.s${at} { stroke: ${pair[column]}; } .s${at}.dot { fill: ${pair[column]}; }`
      ),
    ].join(" ");
  return [
    "text { font: 13px system-ui, sans-serif; } .title { font-size: 15px; font-weight: 600; }",
    ".line { fill: none; stroke-width: 2.2; } .spread { stroke-width: 1.2; } .grid { stroke-width: 1; }",
    rules(0, "#1b1f24", "#d9dee3", "#ffffff"),
    `@media (prefers-color-scheme: dark) { ${rules(1, "#e6edf3", "#3a424c", "#0d1117")} }`,
  ].join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A round step that divides `most` into four to eight parts. */
export function stepOf(most: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const steps = [0.1, 0.2, 0.25, 0.5, 1, 2].map((part) => part * magnitude);
  return steps.find((step) => most / step <= 8) ?? 2 * magnitude;
}

function number(value: number): string {
  if (value >= 10_000) return `${Number((value / 1000).toFixed(1))} k`;
  return String(Number(value.toPrecision(3)));
}

/** Draws a chart. Throws a RangeError if it has no points. */
export function drawChart({ title, xTitle, yTitle, xs, label, series }: Chart): string {
  const most = Math.max(...series.flatMap(({ points }) => points.map(({ high }) => high)));
  if (!(most > 0)) throw new RangeError(`Cannot draw '${title}': it has no points`);
  const step = stepOf(most);
  const top = Math.ceil(most / step) * step;
  const place = (x: number) =>
    LEFT + (xs.length < 2 ? 0.5 : xs.indexOf(x) / (xs.length - 1)) * (WIDTH - LEFT - RIGHT);
  const height = (y: number) => HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM);
  const at = (value: number) => value.toFixed(1);
  const parts: string[] = [];
  for (let y = 0; y <= top * 1.001; y += step) {
    const line = at(height(y));
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${line}" y2="${line}"/>`);
    const text = `x="${LEFT - 10}" y="${at(height(y) + 4)}" text-anchor="end"`;
    parts.push(`<text ${text}>${number(y)}</text>`);
  }
  for (const x of xs) {
    const text = `x="${at(place(x))}" y="${HEIGHT - BOTTOM + 22}" text-anchor="middle"`;
    parts.push(`<text ${text}>${escape(label(x))}</text>`);
  }
  for (const [index, { name, points }] of series.entries()) {
    const kind = `s${index % COLORS.length}`;
    const line = points.map(({ x, y }) => `${at(place(x))},${at(height(y))}`).join(" ");
    const dash = `stroke-dasharray="${DASHES[index % DASHES.length]}"`;
    parts.push(`<polyline class="line ${kind}" ${dash} points="${line}"/>`);
    for (const { x, y, low, high } of points) {
      const across = at(place(x));
      parts.push(
        `<line class="spread ${kind}" x1="${across}" x2="${across}" y1="${at(height(low))}" y2="${
          at(height(high))
        }"/>`,
        `<circle class="dot ${kind}" cx="${across}" cy="${at(height(y))}" r="3.5"/>`,
      );
    }
    const key = LEFT + index * (WIDTH - LEFT - RIGHT) / Math.max(3, series.length);
    parts.push(
      `<line class="line ${kind}" ${dash} x1="${at(key)}" x2="${at(key + 28)}" y1="58" y2="58"/>`,
      `<text x="${at(key + 36)}" y="62">${escape(name)}</text>`,
    );
  }
  const middle = at((TOP + HEIGHT - BOTTOM) / 2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${
      escape(title)
    }">`,
    `<style>\n${style()}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="20" y="28">${escape(title)}</text>`,
    ...parts,
    `<text x="${at((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 14}" text-anchor="middle">${
      escape(xTitle)
    }</text>`,
    `<text transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle">${
      escape(yTitle)
    }</text>`,
    "</svg>",
    "",
  ].join("\n");
}
