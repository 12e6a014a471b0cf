// The form, the settings that it stands for, and the address that holds them.

import { t } from "./text.js";
import { icon } from "./icons.js";

const SPEEDS = [0, 1, 5, 10, 100, 1000, 5000, 10000, 100000];
const WORDED = ["bias", "start", "reduction", "schedule"]; // choices with a word of the page's language
const LANGUAGES = ["en", "zh"];
const form = document.getElementById("settings");
const field = (name) => form.elements[name];

export class Controls {
  constructor(hello, changed) {
    this.hello = hello;
    this.changed = changed;
    this.settings = null;
    form.addEventListener("change", (event) => this.#onChange(event.target));
    form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("add").onclick = () => this.#setLayers([...this.settings.layers, 4]);
    document.getElementById("remove").onclick = () => this.#setLayers(this.settings.layers.slice(0, -1));
    this.relabel();
  }

  // Write all words anew: at first, and in another language.
  relabel() {
    const { choices, tutorials } = this.hello;
    document.getElementById("data").replaceChildren(...choices.data.map((name) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "data", value: name });
      const kind = document.createElement("small");
      kind.textContent = t(name in tutorials ? "kind_tutorial" : name === "csv" ? "kind_csv" : "kind_shape");
      const word = document.createElement("span");
      word.textContent = t(`data_${name}`);
      label.append(input, icon(name), word, kind);
      return label;
    }));
    for (const name of ["activation", "output", "loss", "optimizer", ...WORDED]) {
      fill(field(name), choices[name].map((value) => [value, WORDED.includes(name) ? t(value) : value]));
    }
    this.#fillSpeeds(SPEEDS);
    if (this.settings) this.show(this.settings);
  }

  #fillSpeeds(speeds) {
    fill(field("speed"), speeds.map((n) => [n, n ? t("speed_n", { n }) : t("speed_0")]));
  }

  show(settings) {
    this.settings = settings;
    for (const [name, value] of Object.entries(settings)) {
      if (name === "shuffle") field(name).checked = value;
      else if (name === "data") form.querySelector(`[name=data][value=${value}]`).checked = true;
      else if (name === "speed" && !SPEEDS.includes(value)) this.#fillSpeeds([...SPEEDS, value]);
      if (field(name) && !["shuffle", "data"].includes(name)) field(name).value = value;
    }
    document.getElementById("noise_field").hidden = !["circles", "spirals"].includes(settings.data);
    document.getElementById("span_field").hidden = settings.schedule === "constant";
    document.getElementById("csv").hidden = settings.data !== "csv";
    this.#showLayers();
    writeAddress(this.address());
  }

  #showLayers() {
    const { layers } = this.settings;
    const focused = document.activeElement?.dataset?.layer;
    document.getElementById("layers").replaceChildren(...layers.map((units, k) => {
      const input = document.createElement("input");
      Object.assign(input, { type: "number", min: 1, max: this.hello.most_units, value: units });
      input.dataset.layer = k;
      input.setAttribute("aria-label", t("units", { n: k + 1 }));
      return input;
    }));
    if (focused !== undefined) document.querySelector(`[data-layer="${focused}"]`)?.focus();
    document.getElementById("add").disabled = layers.length >= this.hello.most_layers;
    document.getElementById("remove").disabled = layers.length === 0;
  }

  #setLayers(layers) {
    this.changed({ ...this.settings, layers });
  }

  #onChange(target) {
    if (target.name === "data") {
      this.changed({ ...this.hello.presets[target.value] });
    } else if (target.dataset.layer !== undefined) {
      const layers = [...this.settings.layers];
      layers[target.dataset.layer] = Number(target.value);
      this.#setLayers(layers);
    } else if (target.id === "csv_inputs" || target.id === "csv_label") {
      const inputs = [...document.getElementById("csv_inputs").selectedOptions].map((o) => o.value);
      this.changed({ ...this.settings, inputs, label: document.getElementById("csv_label").value });
    } else if (target.name in this.settings) {
      const old = this.settings[target.name];
      const value = target.type === "checkbox" ? target.checked
        : typeof old === "number" ? Number(target.value) : target.value;
      this.changed({ ...this.settings, [target.name]: value });
    }
  }

  showColumns({ numeric, labels }, inputs, label) {
    fill(document.getElementById("csv_inputs"), numeric.map((name) => [name, name]));
    fill(document.getElementById("csv_label"), labels.map((name) => [name, name]));
    for (const option of document.getElementById("csv_inputs").options) {
      option.selected = inputs.includes(option.value);
    }
    document.getElementById("csv_label").value = label;
  }

  // What differs from the settings that the data begin with.
  address() {
    const preset = this.hello.presets[this.settings.data];
    const parameters = new URLSearchParams({ data: this.settings.data });
    for (const [name, value] of Object.entries(this.settings)) {
      if (JSON.stringify(value) === JSON.stringify(preset[name])) continue;
      parameters.set(name, Array.isArray(value) ? value.map(encodeURIComponent).join(",") : value);
    }
    return parameters;
  }

  // What a user pastes is an address, or the part after #; without data there are no settings.
  pasted(text) {
    const parameters = new URLSearchParams(text.trim().replace(/^[^#]*#/, ""));
    return parameters.has("data") ? this.fromAddress(parameters) : {};
  }

  // The settings that an address holds; what it does not say is as the data begin. Or `why` there
  // are none: of what this page does not know, a part is no answer.
  fromAddress(parameters = new URLSearchParams(location.hash.slice(1))) {
    const data = parameters.get("data") ?? "xor";
    const start = this.begin(data);
    if (start.data !== data) return { why: `there are no data ${quoted(data)}` };
    const settings = { ...start };
    for (const [name, text] of parameters) {
      if (name === "data") continue;
      if (name === "lang" && !LANGUAGES.includes(text)) return { why: `lang must be one of ${LANGUAGES.join(", ")}, got ${quoted(text)}` };
      if (name === "lang") continue;
      if (!Object.hasOwn(start, name)) return { why: `there is no setting ${quoted(name)}` };
      settings[name] = valueOf(text, start[name], name);
    }
    return { settings };
  }

  // The settings that data begin with; those of xor if there are no such data.
  begin(data) {
    const { presets } = this.hello;
    return Object.hasOwn(presets, data) ? presets[data] : presets.xor;
  }
}

const quoted = (text) => `'${text.length > 60 ? `${text.slice(0, 60)} ...` : text}'`;
const asNumber = (text) => (text.trim() && !Number.isNaN(Number(text)) ? Number(text) : text);

// A value of the kind of another; text that is none stays, for the server to refuse.
function valueOf(text, like, name) {
  if (Array.isArray(like)) {
    const parts = text ? text.split(",").map(decoded) : [];
    return name === "layers" ? parts.map(asNumber) : parts;
  }
  if (typeof like === "boolean") return { true: true, false: false }[text] ?? text;
  return typeof like === "number" ? asNumber(text) : text;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // of no address that this page writes
  }
}

// The token in the address is of this server and this run: what is shared is the part after it.
function writeAddress(parameters) {
  document.getElementById("address").value = `#${parameters}`;
  const language = new URLSearchParams(location.hash.slice(1)).get("lang");
  if (LANGUAGES.includes(language)) parameters.set("lang", language);
  history.replaceState(null, "", `#${parameters}`);
}


function fill(select, choices) {
  const before = select.value;
  select.replaceChildren(...choices.map(([value, word]) => new Option(word, value)));
  if (before) select.value = before;
}
