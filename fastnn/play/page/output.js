// What the network answers: the plane, or the digits; and the curves.

import { CLASSES, css, ink, line, open, paintClasses, paintInk, sheet, soft, WRONG } from "./paint.js";
import { count, t } from "./text.js";

const plane = document.getElementById("boundary");
const digits = document.getElementById("digits");
const COLUMNS = 10;
const surface = sheet(60, 60);
let points = null; // the data, drawn once for each size
let images = [];

export function showScene(scene) {
  plane.hidden = scene.kind !== "plane";
  digits.hidden = scene.kind !== "digits";
  points = null;
  images = [];
  if (scene.kind === "digits") {
    const { values, shape } = scene.parts.images;
    for (let s = 0; s < shape[0]; s++) images.push(paintInk(sheet(20, 20), values, 400 * s));
  }
}

export function drawAnswers(scene, parts) {
  if (scene.kind === "plane") drawPlane(scene, parts);
  if (scene.kind === "digits") drawDigits(scene, parts);
}

function drawPlane(scene, parts) {
  const { context, width, height } = open(plane);
  context.drawImage(paintClasses(surface, parts.boundary.values), 0, 0, width, height);
  if (points?.width !== plane.width || points.isFor !== scene) points = drawnPoints(scene, width, height);
  context.drawImage(points, 0, 0, width, height);
}

function drawnPoints(scene, width, height) {
  const drawn = sheet(plane.width, plane.height);
  const context = drawn.getContext("2d");
  const ratio = plane.width / width;
  context.scale(ratio, ratio);
  const { values, shape } = scene.parts.points;
  const r = shape[0] > 600 ? 2.1 : shape[0] > 60 ? 3.1 : 6;
  const within = ([x0, x1, y0, y1]) => (x, y) => [((x - x0) / (x1 - x0)) * width, ((y1 - y) / (y1 - y0)) * height];
  const at = within(scene.extent);
  const ownAt = within(scene.own_extent); // rows have the units of their file
  for (let s = 0; s < shape[0]; s++) {
    mark(context, at(values[2 * s], values[2 * s + 1]), r, css(CLASSES[scene.parts.labels.values[s]]));
  }
  for (const { name, x, y } of scene.rows) {
    if (shape[0] > 60) break;
    const place = ownAt(...x);
    if (y === null) mark(context, place, r, "transparent", ink());
    const isRight = place[0] > width - 70;
    context.textAlign = isRight ? "right" : "left";
    context.font = "600 12px system-ui, sans-serif";
    context.fillStyle = ink();
    context.fillText(name, place[0] + (isRight ? -9 : 9), place[1] + 4);
  }
  axisNames(context, scene, width, height);
  return Object.assign(drawn, { isFor: scene });
}

function axisNames(context, scene, width, height) {
  const [x0, x1, y0, y1] = scene.own_extent;
  const range = (name, least, most) => `${name}: ${inRange(least, least, most)} … ${inRange(most, least, most)}`;
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = ink();
  context.textAlign = "center";
  context.fillText(range(scene.inputs[0], x0, x1), width / 2, height - 6);
  context.save();
  context.translate(12, height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(range(scene.inputs[1], y0, y1), 0, 0);
  context.restore();
}

// A number with as many digits as tell it from others of its range.
function inRange(value, least, most) {
  const size = Math.max(Math.abs(least), Math.abs(most));
  const digits = Math.max(0, 1 - Math.floor(Math.log10(most - least)));
  return size >= 1e6 || digits > 6 ? value.toPrecision(Math.min(15, digits + Math.ceil(Math.log10(size)))) : value.toFixed(digits);
}

function mark(context, [x, y], r, fill, edge = "#fff") {
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = r > 2.5 ? 1.2 : 0.7;
  context.stroke();
}

export function argmax(values, start, n) {
  let best = 0;
  for (let j = 1; j < n; j++) if (values[start + j] > values[start + best]) best = j;
  return best;
}

function drawDigits(scene, parts) {
  const { context, width, height } = open(digits);
  const n = scene.classes.length;
  const cell = width / COLUMNS;
  const rows = Math.ceil(images.length / COLUMNS);
  const tall = height / rows;
  context.imageSmoothingEnabled = false;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.font = "600 12px system-ui, sans-serif";
  images.forEach((image, s) => {
    const [x, y] = [(s % COLUMNS) * cell, Math.floor(s / COLUMNS) * tall];
    const side = Math.min(cell, tall - 15) - 3;
    const said = scene.classes[argmax(parts.outputs.values, n * s, n)];
    const isRight = said === scene.rows[s].y;
    context.drawImage(image, x + (cell - side) / 2, y, side, side);
    context.strokeStyle = isRight ? line() : css(WRONG);
    context.lineWidth = isRight ? 1 : 3;
    context.strokeRect(x + (cell - side) / 2, y, side, side);
    context.fillStyle = isRight ? ink() : css(WRONG);
    context.fillText(isRight ? said : `${said} ✗`, x + cell / 2, y + tall);
  });
}

// ---- curves -----------------------------------------------------------------------------------

function axes(context, width, height, most, last, least = 0) {
  const box = { left: 52, top: 8, right: width - 10, bottom: height - 20 };
  context.strokeStyle = line();
  context.fillStyle = soft();
  context.font = "11px system-ui, sans-serif";
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const y = box.bottom - share * (box.bottom - box.top);
    context.beginPath();
    context.moveTo(box.left, y);
    context.lineTo(box.right, y);
    context.stroke();
    const value = least + share * (most - least);
    context.fillText(compact(Math.abs(value) < 0.001 * (most - least) ? 0 : value), box.left - 5, y);
  }
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillText(last[0], box.left, box.bottom + 5);
  context.textAlign = "right";
  context.fillText(last[1], box.right, box.bottom + 5);
  return box;
}

const compact = (value) => (Number(value.toPrecision(3)) + 0).toString();

function drawLine(context, points, colour, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.setLineDash(dash);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.setLineDash([]);
}

export function drawCurve({ values, shape: [n] }) {
  const { context, width, height } = open(document.getElementById("curve"));
  let most = 0;
  for (let i = 0; i < n; i++) if (Number.isFinite(values[2 * i + 1])) most = Math.max(most, values[2 * i + 1]);
  const [first, last] = n ? [values[0], values[2 * n - 2]] : [1, 1];
  const box = axes(context, width, height, most || 1, [`${t("epoch")} ${count(first)}`, n > 1 ? count(last) : ""]);
  const points = [];
  for (let i = 0; i < n; i++) {
    const x = box.left + ((values[2 * i] - first) / (last - first || 1)) * (box.right - box.left);
    points.push([x, box.bottom - (values[2 * i + 1] / (most || 1)) * (box.bottom - box.top)]);
  }
  if (n === 1) points.push([points[0][0] + 4, points[0][1]]); // a dash, as there is no line yet
  drawLine(context, points, css(CLASSES[0]));
}

export function drawFunction({ values, shape: [n] }, name) {
  document.getElementById("function_name").textContent = t("function_of", { f: `${name}(z)` });
  const { context, width, height } = open(document.getElementById("function"));
  if (!width) return;
  const at = (i, j) => values[3 * i + j];
  const of = (j) => Array.from({ length: n }, (_, i) => at(i, j));
  const all = [...of(1), ...of(2)].map((v) => Math.max(-3, Math.min(6, v)));
  const [least, most] = [Math.min(0, ...all), Math.max(1, ...all)];
  const box = axes(context, width, height, most, ["z = -6", "6"], least);
  const y = (v) => box.bottom - ((v - least) / (most - least)) * (box.bottom - box.top);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
  context.clip();
  const points = (j) => of(j).map((v, i) => [box.left + (i / (n - 1)) * (box.right - box.left), y(v)]);
  drawLine(context, points(2), css(CLASSES[1]), [6, 4]);
  drawLine(context, points(1), css(CLASSES[0]));
  context.restore();
}
