// The page: what the server says is shown, what the user does is sent.

import { Controls } from "./controls.js";
import { drawDiagram } from "./diagram.js";
import { drawAnswers, drawCurve, drawFunction, showScene } from "./output.js";
import { CLASSES, css, onTheme } from "./paint.js";
import { Pad } from "./pad.js";
import { make, Rows, showStep, showTutorial, showWeights } from "./tables.js";
import { count, language, number, percent, reason, speak, t } from "./text.js";
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
let notice = null; // why the address at the start could not be used, until there is a network
let beside = ""; // the place for the error of what was asked last, if it is not the banner
const told = {}; // what stands in these elements, as key and values: for another language
const drawnAt = [];
const rows = new Rows();
const pad = new Pad((pixels) => wire.send("draw", { pixels }));

// ---- what the server says -----------------------------------------------------------------------

const RECEIVE = {
  hello(message) {
    controls = new Controls(message, (settings) => set(settings));
    fromAddress();
  },
  scene(message) {
    scene = message;
    frame = lastStep = null;
    beside = "";
    hideError();
    if (notice) showError("address_start", notice);
    notice = null;
    setPlaying(false);
    loaded();
    controls.show(message.settings);
    showScene(scene);
    words();
    at("step").replaceChildren();
    at("answer").textContent = "";
    tell("ask_error");
    tell("paste_error");
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
  tuned({ settings }) {
    beside = "";
    scene.settings = settings;
    controls.show(settings);
    hideError();
  },
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
    if (why === "limit") showError("limit", { n: count(scene.most_epochs) });
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
  answer({ outputs }) {
    beside = "";
    at("answer").textContent = outputs.map((v) => number(v)).join(", ");
  },
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
    tell("busy", is ? "compiling" : scene ? "" : "loading");
  },
  error({ code, message }) {
    if (beside && code === "refused") {
      tell(beside, code, { why: message });
      beside = "";
      return;
    }
    if (code === "refused" && playing) wire.send("pause"); // what is refused at once does not pause
    if (code === "diverged" || code === "refused") { setPlaying(false); pad.waiting = false; }
    showError(code, { why: message });
    if (code !== "refused" || columnsAwaited()) return;
    if (scene) controls.show(scene.settings); // what was refused is not shown
    else if (!notice) startAnew(message);
  },
};

let columns = null; // of the user's file
const columnsAwaited = () => controls.settings?.data === "csv" && !columns;
let wire = null;

function connect() {
  wire = new Wire((message) => RECEIVE[message.type](message), () => {
    setPlaying(false);
    if (!told.error?.key) showError("gone");
    tell("busy");
  });
}

// Take what the address holds; if it cannot be, nothing changes, or all is as the data begin.
function fromAddress() {
  const { settings, why } = controls.fromAddress();
  if (settings) set(settings);
  else if (scene) showAddress(why);
  else startAnew(why);
}

function showAddress(why) {
  showError("address_kept", { why });
  controls.show(scene.settings);
}

function startAnew(why) {
  const start = controls.begin(new URLSearchParams(location.hash.slice(1)).get("data"));
  notice = { why, data: start.data };
  set(start);
}

function set(settings, place = "") {
  if (settings.data === "csv" && !columns) {
    loaded();
    controls.show(settings);
    say(t("csv_first"));
    if (notice) showError("address_start", notice);
    else showError("csv_first");
    notice = null;
    at("csv_file").focus();
    return;
  }
  beside = place;
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
    tell("pictures", "pictures", { n: n.toFixed(0), share: percent(frame.share, 0) });
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
const hideError = () => tell("error");
const showError = (key, values) => tell("error", key, values);

// Write words that stay for a while into an element, or hide what is there.
function tell(id, key = "", values = {}) {
  told[id] = { key, values };
  at(id).textContent = key && t(key, { ...values, why: reason(values.why ?? "") });
  at(id).hidden = !key;
}

// There are settings to show.
function loaded() {
  document.querySelector("main").className = "";
  document.querySelector("main").ariaBusy = "false";
  if (told.busy?.key !== "compiling") tell("busy");
}

function setPlaying(is) {
  playing = is;
  at("play").textContent = t(is ? "pause" : "play");
  at("per_second").textContent = t(is ? "per_second" : "per_second_last");
  if (!is) tell("pictures"); // they are of a run
  document.body.dataset.playing = is;
}

const listed = (names, n) => names.join(", ") + (n > names.length ? ", …" : "");

// All words that depend on the network.
function words() {
  const shape = [scene.n_in, ...scene.widths].join("-");
  at("summary").textContent = t("summary", { shape, n: count(scene.n_params) });
  rows.build(scene);
  at("ask_label").textContent = scene.settings.data === "csv" ? t("ask_own", { inputs: listed(scene.inputs, scene.n_in) }) : t("ask");
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
  for (const [id, { key, values }] of Object.entries(told)) tell(id, key, values);
  setPlaying(playing);
  if (controls) controls.relabel();
  if (!scene) return;
  words();
  pad.relabel(scene.kind === "digits");
  toldAt = 0;
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
  const parts = at("x").value.split(/[,，]/).map((part) => part.trim());
  const isRow = parts.length === scene.n_in && parts.every((part) => part && Number.isFinite(Number(part)));
  at("answer").textContent = "";
  if (isRow) {
    tell("ask_error");
    beside = "ask_error";
    wire.send("ask", { x: parts.map(Number) });
  } else {
    tell("ask_error", "ask_form", { n: scene.n_in, got: at("x").value.trim() || "-" });
  }
};
at("paste").onsubmit = (event) => {
  event.preventDefault();
  const { settings, why } = controls.pasted(at("pasted").value);
  if (why) tell("paste_error", "refused", { why });
  else tell("paste_error", settings ? "" : "paste_form", { got: at("pasted").value.trim() || "-" });
  if (settings) set(settings, "paste_error");
};
at("csv_file").onchange = async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  if (file.size > 3900000) { showError("refused", { why: `the file must have at most 3.9 MB, got ${(file.size / 1e6).toFixed(1)} MB` }); return; }
  wire.send("csv", { name: file.name, text: await file.text() });
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
addEventListener("hashchange", () => { if (controls) fromAddress(); });
addEventListener("resize", () => { if (frame) requestAnimationFrame(draw); });
onTheme(() => { if (scene) { showScene(scene); words(); picture(true); } });

const chosen = new URLSearchParams(location.hash.slice(1)).get("lang");
await setLanguage(chosen ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
connect();
