// Numbers as tables: of a step, of rows and answers, of the weights, and a tutorial's lines.

import { argmax } from "./output.js";
import { number, t, translated } from "./text.js";

export function make(kind, content = [], options = {}) {
  const element = Object.assign(document.createElement(kind), options);
  element.append(...[content].flat());
  return element;
}

const head = (words) => make("thead", make("tr", words.map((word) => make("th", word, { scope: "col" }))));

function array({ name, title, worked, shape, values }) {
  const [n, m] = shape;
  const isWhole = values.length === n && values[0]?.length === m;
  const size = isWhole ? `${n}×${m}` : t("corner", { shape: `${n}×${m}` });
  const caption = make("caption", [title ?? t(`array_${name}`), " ", make("small", size)]);
  const rows = values.map((row) => make("tr", row.map((value) => make("td", number(value)))));
  const table = make("table", [caption, make("tbody", rows)]);
  return make("div", [table, ...(worked ? [make("p", worked, { className: "note worked" })] : [])]);
}

// Tables side by side, which a keyboard can scroll too.
const group = (title, arrays) => make("div", arrays.map(array), {
  className: "arrays", tabIndex: 0, role: "region", ariaLabel: title,
});

export function showStep(step, scene) {
  const [a, b] = step.rows;
  const target = document.getElementById("step");
  const words = b === a ? "step_of_one" : "step_of";
  const known = scene.kind === "digits" ? "" : scene.rows[a - 1]?.name ?? ""; // of a row with a name
  const name = known && known !== String(a) ? ` (${known})` : "";
  const values = { a, b, name, loss: number(step.loss), rate: step.rate, reduction: t(step.reduction) };
  const parts = [make("p", t(words, values)), group(t("array_y"), [step.y])];
  step.layers.forEach((layer, k) => {
    const titled = layer.map((each) => ({ ...each, title: arrayTitle(each.name, k, step, scene), worked: worked(each, layer) }));
    parts.push(make("h3", layerTitle(scene, k)), group(layerTitle(scene, k), titled));
  });
  target.replaceChildren(...parts);
}

// The first delta, or the first row of it, from the numbers beside it.
function worked({ name, values: [row] }, layer) {
  const [error, slope] = ["error", "f'(z)"].map((other) => layer.find((each) => each.name === other));
  if (name !== "delta" || !error || !slope) return "";
  const factors = ([e, s]) => `${number(e)} * ${number(s)}`;
  const errors = error.values[0];
  const isMatrix = error.shape.join() !== slope.shape.join();
  if (isMatrix && errors.length < error.shape[1]) return ""; // not all of them are here
  const sum = isMatrix ? errors.map((e, j) => [e, slope.values[j][0]]) : [[errors[0], slope.values[0][0]]];
  return `${number(row[0])} = ${sum.map(factors).join(" + ")}`;
}

// What an array of a step is, so that it can be worked by hand from the others.
function arrayTitle(name, k, { layers, rows: [a, b], reduction, optimizer, formulas }, scene) {
  const has = (other) => layers[k].some((each) => each.name === other);
  const isLast = k === layers.length - 1;
  const n = b - a + 1;
  const { dropout, l2 } = scene.settings;
  const adjusted = (part) => {
    if (dropout || (l2 && part === "W")) return `adjustment of ${part}_more`;
    return optimizer !== "sgd" && `adjustment of ${part}_other`;
  };
  const variants = {
    x: k > 0 ? "x_between" : scene.settings.data === "csv" && "x_standardised",
    b: !has("b after the step") && "b_frozen",
    z: !has("b") && "z_without_b",
    error: !isLast && "error_between",
    "f'(z)": formulas.slopes[k] && "f'(z)_of",
    delta: !has("error") ? formulas.delta && "delta_short"
      : `delta${scene.activations[k] === "softmax" ? "_softmax" : ""}${isLast && formulas.delta ? "_of" : ""}`,
    "gradient of W": n > 1 && `gradient of W_${reduction}`,
    "gradient of b": n > 1 && `gradient of b_${reduction}`,
    "adjustment of W": adjusted("W"),
    "adjustment of b": adjusted("b"),
  };
  const { activations, settings: { loss } } = scene;
  return t(`array_${variants[name] || name}`, { n, below: k - 1, above: k + 1, loss, f: activations[k], optimizer, slope: formulas.slopes[k], by_a: formulas.error, by_z: formulas.delta });
}

function layerTitle(scene, k) {
  const n = k ? scene.widths[k - 1] : scene.n_in;
  return t("layer", { k, shape: `${n} → ${scene.widths[k]}`, f: scene.activations[k] });
}

export function showWeights(message, scene) {
  const parts = message.layers.flatMap((layer, k) => [
    make("h3", layerTitle(scene, k)),
    group(layerTitle(scene, k), layer.map((each) => ({ ...each, name: each.name[0] }))),
  ]);
  document.getElementById("weights").replaceChildren(...parts);
}

export class Rows {
  constructor() {
    this.table = document.getElementById("rows");
    this.cells = [];
  }

  // The rows as they stay; `show` writes the answers beside them.
  build(scene) {
    const isImages = scene.kind === "digits";
    const inputs = isImages ? [] : scene.inputs;
    const n = scene.widths.at(-1);
    const answers = n === 1 ? [t("answer")] : [t("answer"), ...scene.classes.slice(0, n)];
    this.cells = scene.rows.map(() => answers.map(() => make("td")));
    const body = scene.rows.map(({ name, x, y }, s) => make("tr", [
      make("th", name || t("new"), { scope: "row" }),
      ...(isImages ? [] : inputs.map((_, i) => make("td", number(x[i], 3)))),
      make("td", y ?? "?"),
      ...this.cells[s],
    ], { className: y === null ? "new" : "" }));
    const words = [t("row"), ...inputs, t("target"), ...answers];
    this.table.replaceChildren(make("caption", t("predictions")), head(words), make("tbody", body));
    document.getElementById(scene.kind === "table" ? "table_place" : "rows_place")
      .append(document.getElementById("rows_box"));
  }

  show(scene, { values, shape: [, n] }) {
    scene.rows.forEach(({ y }, s) => {
      const cells = this.cells[s];
      const best = n === 1 ? Number(values[s] > 0.5) : argmax(values, n * s, n);
      const said = scene.classes[best];
      cells[0].textContent = n === 1 ? number(values[s]) : said;
      cells[0].className = y !== null && said !== y ? "wrong" : "";
      for (let j = 1; j < cells.length; j++) cells[j].textContent = number(values[n * s + j - 1], 4);
    });
  }
}

export function showTutorial(tutorials, name) {
  const place = document.getElementById("tutorial");
  if (!tutorials[name]) {
    place.replaceChildren(make("p", t("no_tutorial"), { className: "note" }));
    return;
  }
  const tutorial = translated(name, tutorials[name]);
  const rows = tutorial.rows.map((row) => make("tr", row.map((cell) => make("td", make("code", cell), { className: "text" }))));
  place.replaceChildren(
    make("p", [t("tutorial_note"), " ", make("code", `fastnn example ${name}`)], { className: "note" }),
    make("div", make("table", [make("caption", tutorial.title), head([t("tutorial_head"), "fastnn"]), make("tbody", rows)]), { className: "scroll", tabIndex: 0, role: "region", ariaLabel: tutorial.title }),
    make("p", tutorial.note, { className: "note" }),
  );
}
