// The page: what the server says is shown, what the user does is sent.

import { Controls } from "./controls.js";
import { drawDiagram } from "./diagram.js";
import { drawAnswers, drawCurve, drawFunction, showScene } from "./output.js";
import { CLASSES, css, onTheme } from "./paint.js";
import { Pad } from "./pad.js";
import { make, Rows, showStep, showTutorial, showWeights } from "./tables.js";
import { count, language, number, percent, speak, t } from "./text.js";
import { Wire } from "./wire.js";

const at = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const TABS = ["step", "rows", "weights", "tutorial", "function", "share"];

let controls = null;
let scene = null;
let frame = null; // the last that came
let lastStep = null;
let playing = false;
let asked = false; // whether a picture has been asked for and not come
let askedAt = 0;
let isDrawPlanned = false;
let pictures = 0;
let toldAt = 0;
const drawnAt = [];
const rows = new Rows();
const pad = new Pad((pixels) => wire.send("draw", { pixels }));

// ---- what the server says -----------------------------------------------------------------------

const RECEIVE = {
  hello(message) {
    controls = new Controls(message, (settings) => set(settings));
    set(controls.fromAddress());
  },
  scene(message) {
    scene = message;
    frame = lastStep = null;
    hideError();
    setPlaying(false);
    controls.show(message.settings);
    showScene(scene);
    words();
    at("step").replaceChildren();
    at("answer").textContent = "";
    at("by_hand").hidden = scene.settings.data !== "gender";
    at("pad_card").hidden = scene.kind !== "digits";
    if (scene.kind === "digits") pad.send();
    at("x").value = (scene.rows.find(({ y }) => y === null) ?? scene.rows[0]).x.join(", ");
    at("ask").hidden = scene.kind === "digits";
    if (scene.settings.data === "csv" && columns) {
      const { inputs, label } = scene.settings;
      controls.showColumns(columns, inputs.length ? inputs : scene.inputs, label || columns.labels.at(-1));
    }
    picture();
  },
  tuned({ settings }) { controls.show(settings); hideError(); },
  frame(message) {
    asked = false;
    if (!scene) return;
    frame = message;
    if (playing) askSoon();
    if (!isDrawPlanned) requestAnimationFrame(draw);
    isDrawPlanned = true;
  },
  nothing() { asked = false; },
  playing() { setPlaying(true); hideError(); picture(); },
  paused({ why }) {
    setPlaying(false);
    toldAt = 0;
    picture(true);
    if (why === "limit") showError(t("limit", { n: count(scene.most_epochs) }));
    if (why === "done") say(t("done"));
  },
  step(message) {
    lastStep = message;
    setPlaying(false);
    showStep(message, scene);
    openTab("step");
    toldAt = 0;
    picture(true);
  },
  weights(message) { showWeights(message, scene); },
  answer({ outputs }) { at("answer").textContent = outputs.map((v) => number(v)).join(", "); },
  drawn(message) { pad.show(message); },
  columns(message) {
    columns = message;
    controls.showColumns(message, [], "");
    const chosen = controls.settings.data === "csv" ? controls.settings : controls.hello.presets.csv;
    set({ ...chosen, inputs: [], label: "" });
  },
  file({ name, parts }) {
    const link = make("a", [], { download: name, href: URL.createObjectURL(new Blob([parts.content.values])) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(t("saved", { name }));
  },
  compiling({ is }) {
    at("busy").hidden = !is;
    at("busy").textContent = is ? t("compiling") : "";
  },
  error({ code, message }) {
    if (code === "diverged" || code === "refused") { setPlaying(false); pad.waiting = false; }
    showError(t(code, { why: message }));
    if (code !== "refused" || columnsAwaited()) return;
    if (scene) controls.show(scene.settings); // what was refused is not shown
    else set(controls.hello.presets.xor);
  },
};

let columns = null; // of the user's file
const columnsAwaited = () => controls.settings?.data === "csv" && !columns;
let wire = null;

function connect() {
  wire = new Wire((message) => RECEIVE[message.type](message), () => {
    setPlaying(false);
    if (at("error").hidden) showError(t("gone"));
  });
}

function set(settings) {
  if (settings.data === "csv" && !columns) {
    controls.show(settings);
    say(t("csv_first"));
    showError(t("csv_first"));
    at("csv_file").focus();
    return;
  }
  wire.send("set", { settings });
}

// ---- pictures -----------------------------------------------------------------------------------

// Ask for a picture now; `isLast` asks although one is on its way, which may be older.
function picture(isLast = false) {
  if (asked && !isLast) return;
  asked = true;
  askedAt = performance.now();
  wire.send("frame");
}

// At most 45 pictures a second, so that training has the rest; 4 for who wants little motion.
function askSoon() {
  const wait = (calm.matches ? 250 : 22) - (performance.now() - askedAt);
  setTimeout(() => { if (playing) picture(); }, Math.max(0, wait));
}

function draw() {
  isDrawPlanned = false;
  if (!frame || !scene || frame.parts[`units${scene.widths.length - 1}`] === undefined) return;
  drawDiagram(scene, frame.parts);
  drawAnswers(scene, frame.parts);
  drawCurve(frame.parts.losses);
  if (scene.kind === "table" || !at("panel_rows").hidden) rows.show(scene, frame.parts.outputs);
  figures();
  pictures += 1;
  document.body.dataset.pictures = pictures;
  const now = performance.now();
  drawnAt.push(now);
  while (drawnAt[0] < now - 2000) drawnAt.shift();
  if (pictures % 15 === 0 && playing) {
    const n = drawnAt.length > 1 ? (1000 * (drawnAt.length - 1)) / (now - drawnAt[0]) : 0;
    at("pictures").textContent = t("pictures", { n: n.toFixed(0), share: percent(frame.share, 0) });
    document.body.dataset.share = frame.share;
    if (!at("panel_weights").hidden) wire.send("weights");
    if (scene.kind === "digits" && !pad.isBlank) pad.send();
  }
}

function figures() {
  const { epoch, figures: now, rate } = frame;
  at("epoch").textContent = Number.isInteger(epoch) ? count(epoch) : `${count(epoch)} + ${(epoch % 1).toFixed(3).slice(1)}`;
  at("epoch").dataset.value = epoch;
  at("loss").textContent = number(now.loss);
  at("accuracy").textContent = percent(now.accuracy, 2);
  at("test_box").hidden = now.test_accuracy === undefined;
  at("test_accuracy").textContent = percent(now.test_accuracy, 2);
  at("rate").textContent = rate ? (rate < 10 ? rate.toFixed(1) : count(rate)) : "-";
  at("mse").textContent = number(now.mse);
  at("mae").textContent = number(now.mae);
  if (performance.now() - toldAt > 5000) {
    toldAt = performance.now();
    say(t("status", { epoch: count(epoch), loss: number(now.loss, 4), accuracy: percent(now.accuracy) }));
  }
}

// ---- words --------------------------------------------------------------------------------------

const say = (text) => { at("status").textContent = text; };
const hideError = () => { at("error").hidden = true; };
function showError(text) {
  at("error").textContent = text;
  at("error").hidden = false;
}

function setPlaying(is) {
  playing = is;
  at("play").textContent = t(is ? "pause" : "play");
  document.body.dataset.playing = is;
}

// All words that depend on the network.
function words() {
  const shape = [scene.n_in, ...scene.widths].join("-");
  at("summary").textContent = t("summary", { shape, n: count(scene.n_params) });
  rows.build(scene);
  showTutorial(controls.hello.tutorials, scene.settings.data);
  drawFunction(scene.parts.curve, scene.activations[0]);
  at("classes").replaceChildren(...(scene.kind === "plane" ? scene.classes : []).map((name, k) => {
    const swatch = make("span", [], { className: "swatch" });
    swatch.style.background = css(CLASSES[k]);
    return make("li", [swatch, name]);
  }));
  if (lastStep) showStep(lastStep, scene);
  if (!at("panel_weights").hidden) wire.send("weights");
}

async function setLanguage(name) {
  await speak(name);
  document.title = `fastnn play: ${t("tagline")}`;
  tabs();
  setPlaying(playing);
  if (!scene) return;
  controls.relabel();
  words();
  picture(true);
}

// ---- what the user does -------------------------------------------------------------------------

function tabs() {
  const open = TABS.find((name) => !at(`panel_${name}`).hidden);
  at("tabs").replaceChildren(...TABS.map((name) => {
    const tab = make("button", t(`tab_${name}`), { type: "button", id: `tab_${name}`, role: "tab" });
    tab.setAttribute("aria-controls", `panel_${name}`);
    at(`panel_${name}`).setAttribute("aria-labelledby", tab.id);
    tab.onclick = () => openTab(name);
    return tab;
  }));
  openTab(open);
}

function openTab(name) {
  for (const other of TABS) {
    at(`panel_${other}`).hidden = other !== name;
    at(`tab_${other}`).setAttribute("aria-selected", other === name);
    at(`tab_${other}`).tabIndex = other === name ? 0 : -1;
  }
  if (name === "rows" && frame) rows.show(scene, frame.parts.outputs);
  if (name === "weights" && scene) wire.send("weights");
  if (name === "function" && scene) drawFunction(scene.parts.curve, scene.activations[0]);
}

at("tabs").onkeydown = ({ key }) => {
  const turn = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!turn) return;
  const open = TABS.findIndex((name) => !at(`panel_${name}`).hidden);
  const next = TABS[(open + turn + TABS.length) % TABS.length];
  openTab(next);
  at(`tab_${next}`).focus();
};
at("play").onclick = () => wire.send(playing ? "pause" : "play");
at("sample").onclick = () => wire.send("step", { of: "sample" });
at("batch_step").onclick = () => wire.send("step", { of: "batch" });
at("by_hand").onclick = () => { // as the tutorial `gender` begins: Alice, and weights of 1
  wire.send("set", { settings: { ...controls.hello.presets.gender, start: "ones" } });
  wire.send("reset");
  wire.send("step", { of: "sample" });
};
at("reset").onclick = () => wire.send("reset");
at("language").onclick = async () => {
  const parameters = new URLSearchParams(location.hash.slice(1));
  parameters.set("lang", language === "zh" ? "en" : "zh");
  history.replaceState(null, "", `#${parameters}`);
  await setLanguage(parameters.get("lang"));
};
at("ask").onsubmit = (event) => {
  event.preventDefault();
  wire.send("ask", { x: at("x").value.split(/[,，;\s]+/).filter(Boolean).map(Number) });
};
at("csv_file").onchange = async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  if (file.size > 3900000) { showError(t("refused", { why: "> 3.9 MB" })); return; }
  wire.send("csv", { text: await file.text() });
  target.value = "";
};
at("copy").onclick = async () => {
  at("address").select();
  await navigator.clipboard.writeText(at("address").value);
  say(t("copied"));
};
for (const button of document.querySelectorAll("[data-export]")) {
  button.onclick = () => wire.send("export", { format: button.dataset.export });
}
addEventListener("hashchange", () => { if (controls) set(controls.fromAddress()); });
addEventListener("resize", () => { if (frame) requestAnimationFrame(draw); });
onTheme(() => { if (scene) { showScene(scene); words(); picture(true); } });

const chosen = new URLSearchParams(location.hash.slice(1)).get("lang");
await setLanguage(chosen ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
connect();
