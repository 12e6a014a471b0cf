// The network: units as small pictures, weights as lines.

import { ground, ink, line, open, paintInk, paintLevels, sheet, signed, soft } from "./paint.js";
import { t } from "./text.js";

const MOST = 10; // units of a layer that are drawn; the server sends no more
const canvas = document.getElementById("diagram");
const pictures = [];
const digit = sheet(20, 20);

function columns(scene) {
  const inputs = scene.kind === "digits" ? 1 : Math.min(scene.n_in, MOST);
  return [
    { n: inputs, total: scene.kind === "digits" ? 1 : scene.n_in },
    ...scene.widths.map((total) => ({ n: Math.min(total, MOST), total })),
  ];
}

function places(scene, width, height) {
  const all = columns(scene);
  const head = 34;
  const most = Math.max(...all.map(({ n }) => n));
  const left = width < 420 ? 40 : 80;
  const right = width < 420 ? 28 : 56;
  const side = Math.max(14, Math.min(50, (height - head - 14) / most - 6, (width - left - right) / all.length - 14));
  const step = (width - left - right - side) / Math.max(1, all.length - 1);
  return all.map(({ n, total }, k) => {
    const gap = Math.min(side * 1.5, (height - head - 18) / n);
    const top = head + (height - head - 14 - gap * n) / 2 + (gap - side) / 2;
    const x = left + k * step;
    return { x, total, side, units: Array.from({ length: n }, (_, i) => top + i * gap) };
  });
}

export function drawDiagram(scene, parts) {
  const { context, width, height } = open(canvas);
  if (!width) return;
  const layers = places(scene, width, height);
  scene.widths.forEach((_, k) => drawWeights(context, layers[k], layers[k + 1], parts[`weights${k}`]));
  layers.forEach((layer, k) => {
    if (k) drawUnits(context, layer, parts[`units${k - 1}`], k - 1);
    else drawInputs(context, layer, scene);
    drawHead(context, layer, k, scene, height);
  });
}

function drawWeights(context, from, to, { values, shape }) {
  const [n, m] = shape;
  let most = 1e-9;
  for (const value of values) most = Math.max(most, Math.abs(value));
  const half = from.side / 2;
  const draw = (i, j, value) => {
    const size = Math.min(1, Math.abs(value) / most);
    if (size < 0.03) return; // nothing that an eye could see
    context.strokeStyle = signed(value, 0.18 + 0.75 * size);
    context.lineWidth = 0.4 + 4.2 * size;
    const [x0, x1] = [from.x + from.side, to.x];
    const [y0, y1] = [from.units[i] + half, to.units[j] + half];
    const bend = (x1 - x0) * 0.45;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
    context.stroke();
  };
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) draw(i, j, values[i * m + j]);
  if (!n) { // the pixels of a digit: the units show their weights themselves
    context.strokeStyle = line();
    context.lineWidth = 1.5;
    for (const y of to.units) {
      context.beginPath();
      context.moveTo(from.x + from.side, from.units[0] + half);
      context.lineTo(to.x, y + half);
      context.stroke();
    }
  }
}

function frame(context, x, y, side) {
  context.strokeStyle = soft();
  context.lineWidth = 1.2;
  context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1);
}

function drawUnits(context, { x, side, units }, { values, shape }, k) {
  const [, h, w] = shape;
  let picture = pictures[k];
  if (picture?.width !== w || picture?.height !== h) picture = pictures[k] = sheet(w, h);
  context.imageSmoothingEnabled = w > 12 && h > 12;
  units.forEach((y, j) => {
    paintLevels(picture, values, j * w * h);
    context.drawImage(picture, x, y, side, side);
    frame(context, x, y, side);
  });
  context.imageSmoothingEnabled = true;
}

function drawInputs(context, { x, side, units }, scene) {
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = "12px system-ui, sans-serif";
  units.forEach((y, i) => {
    drawInput(context, x, y, side, scene, i);
    frame(context, x, y, side);
    context.fillStyle = ink();
    const name = scene.kind === "digits" ? "20 × 20" : short(scene.inputs[i]);
    context.fillText(name, x - 6, y + side / 2, x - 8);
  });
}

// An input as a unit is drawn: over the plane, or the eight rows of three bits; a digit as it is.
function drawInput(context, x, y, side, scene, i) {
  if (scene.kind === "plane" && i < 2) {
    const ends = i ? [x, y + side, x, y] : [x, y, x + side, y];
    const gradient = context.createLinearGradient(...ends);
    gradient.addColorStop(0, signed(-1));
    gradient.addColorStop(0.5, ground());
    gradient.addColorStop(1, signed(1));
    context.fillStyle = gradient;
  } else {
    context.fillStyle = line();
  }
  context.fillRect(x, y, side, side);
  if (scene.kind === "digits") context.drawImage(paintInk(digit, scene.parts.images.values, 400 * 30), x, y, side, side);
  if (!["xor", "first_column"].includes(scene.settings.data)) return;
  for (let row = 0; row < 8; row++) {
    context.fillStyle = signed((row >> (2 - i)) & 1 ? 1 : -1);
    context.fillRect(x + ((row % 4) * side) / 4, y + (row > 3 ? side / 2 : 0), side / 4, side / 2);
  }
}

const short = (name) => (name.length > 12 ? `${name.slice(0, 11)}…` : name);

function drawHead(context, { x, total, side, units }, k, scene, height) {
  context.textAlign = "center";
  context.fillStyle = soft();
  context.textBaseline = "top";
  const [middle, room] = [x + side / 2, side + 46];
  context.font = "600 12px system-ui, sans-serif";
  context.fillText(k ? String(total) : String(scene.n_in), middle, 0);
  if (k) {
    context.font = "12px system-ui, sans-serif";
    context.fillText(scene.activations[k - 1], middle, 15, room);
  }
  if (total > units.length) {
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "bottom";
    context.fillText(t("more", { n: total - units.length }), middle, height, room);
  }
  if (k === scene.widths.length && scene.classes.length === total && total > 1) {
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = ink();
    units.forEach((y, j) => context.fillText(short(scene.classes[j]), x + side + 6, y + side / 2, 48));
  }
}
