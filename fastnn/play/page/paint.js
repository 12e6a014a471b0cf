// Colours, and canvases at the resolution of the screen.

// Those of fastnn.plotting: colour-blind readers can tell them apart. Class 0, negative weights and
// low answers are blue; class 1, positive weights and high answers are orange.
export const PALETTE = [
  "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc",
  "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
];
const channels = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
export const CLASSES = PALETTE.map(channels);
export const WRONG = CLASSES[3]; // an answer, as fastnn.plotting marks it
const [NEGATIVE, POSITIVE] = CLASSES;
const dark = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => dark.matches;
export const onTheme = (change) => dark.addEventListener("change", change);
export const ink = () => (isDark() ? "#e8edf2" : "#1c2530");
export const soft = () => (isDark() ? "#a7b3bf" : "#57636f");
export const line = () => (isDark() ? "#36414d" : "#d5dce4");
const GROUND = { true: [27, 34, 43], false: [255, 255, 255] };
export const css = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;
export const ground = () => css(GROUND[isDark()]);
export const signed = (value, alpha = 1) => css(value < 0 ? NEGATIVE : POSITIVE, alpha);

const mixed = (colour, base, share) => colour.map((c, i) => base[i] + (c - base[i]) * share);

// A context whose units are those of CSS; cleared.
export function open(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export function sheet(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function painted(canvas, n, colourOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < n; i++) {
    const [r, g, b] = colourOf(i);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const scales = new Map();
function scale(key, make) {
  const name = `${key} ${isDark()}`;
  if (!scales.has(name)) scales.set(name, make());
  return scales.get(name);
}

// Levels from 0, blue, over 128, the ground, to 255, orange.
export function paintLevels(canvas, values, offset = 0) {
  const table = scale("levels", () => [...Array(256).keys()].map((v) => {
    const x = (v - 127.5) / 127.5;
    return mixed(x < 0 ? NEGATIVE : POSITIVE, GROUND[isDark()], Math.min(1, Math.abs(x)));
  }));
  return painted(canvas, canvas.width * canvas.height, (i) => table[values[offset + i]]);
}

// Pairs of a class and how sure it is.
export function paintClasses(canvas, values) {
  const table = scale("classes", () => CLASSES.map((colour) =>
    [...Array(256).keys()].map((v) => mixed(colour, GROUND[isDark()], 0.08 + (0.72 * v) / 255))));
  return painted(canvas, canvas.width * canvas.height, (i) => table[values[2 * i]][values[2 * i + 1]]);
}

// Ink from 0 to 255, dark on light in both themes.
export function paintInk(canvas, values, offset = 0) {
  return painted(canvas, canvas.width * canvas.height, (i) => {
    const v = 255 - values[offset + i];
    return [v, v, v];
  });
}
