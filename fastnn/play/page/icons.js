// A small picture of each kind of data.

import { PALETTE } from "./paint.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [LOW, HIGH] = PALETTE;

const dots = (points, colour, r = 1.7) => points.map(([x, y]) => ["circle", { cx: x, cy: y, r, fill: colour }]);
const range = (n) => [...Array(n).keys()];
const arc = (n, x, y, r, from, to) => range(n).map((i) => {
  const angle = from + ((to - from) * i) / (n - 1);
  return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
});
const spiral = (turn) => range(11).map((i) => {
  const angle = turn + i * 0.45;
  return [16 + (1.5 + 1.15 * i) * Math.cos(angle), 16 + (1.5 + 1.15 * i) * Math.sin(angle)];
});
const square = (x, y, fill) => ["rect", { x, y, width: 13, height: 13, rx: 2, fill }];
const letters = (text, size) => [["text", {
  x: 16, y: 16 + size * 0.36, "font-size": size, "text-anchor": "middle", fill: "currentColor",
  "font-family": "cursive, sans-serif", "font-weight": 600,
}, text]];

const SHAPES = {
  xor: [square(2, 2, LOW), square(17, 2, HIGH), square(2, 17, HIGH), square(17, 17, LOW)],
  digits: letters("5", 28),
  gender: [...dots([[6, 25], [11, 20], [8, 16]], HIGH, 2.6), ...dots([[18, 14], [23, 10], [26, 5]], LOW, 2.6)],
  moons: [...dots(arc(9, 12, 18, 9, Math.PI, 2 * Math.PI), LOW), ...dots(arc(9, 20, 13, 9, 0, Math.PI), HIGH)],
  first_column: [
    ...range(3).map((i) => ["rect", { x: 4, y: 3 + 9 * i, width: 7, height: 7, rx: 1, fill: HIGH }]),
    ...range(6).map((i) => ["rect", {
      x: 13 + 9 * (i % 2), y: 3 + 9 * (i >> 1), width: 7, height: 7, rx: 1, fill: "none", stroke: "currentColor", "stroke-width": 0.8,
    }]),
  ],
  circles: [...dots(arc(17, 16, 16, 13, 0, 2 * Math.PI), LOW), ...dots(arc(8, 16, 16, 5, 0, 5.5), HIGH)],
  spirals: [...dots(spiral(0), LOW), ...dots(spiral(Math.PI), HIGH)],
  csv: [
    ["rect", { x: 4, y: 4, width: 24, height: 24, rx: 2, fill: "none", stroke: "currentColor", "stroke-width": 1.4 }],
    ["path", { d: "M4 12H28M4 20H28M12 4V28M20 4V28", stroke: "currentColor", "stroke-width": 1, fill: "none" }],
  ],
};

export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("aria-hidden", "true");
  for (const [kind, attributes, text] of SHAPES[name] ?? []) {
    const shape = document.createElementNS(NAMESPACE, kind);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    if (text) shape.textContent = text;
    svg.append(shape);
  }
  return svg;
}
