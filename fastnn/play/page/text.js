// The words of the page, in the user's language.

let words = {};
let chinese = {}; // for what comes in English: reasons of errors, and the tables of the tutorials
export let language = "en";

export async function speak(name) {
  language = name === "zh" ? "zh" : "en";
  words = await (await fetch(`${language}.json`)).json();
  chinese = language === "zh" ? await (await fetch("chinese.json")).json() : {};
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  const other = document.getElementById("language");
  other.textContent = language === "zh" ? "English" : "中文";
  other.lang = language === "zh" ? "en" : "zh-Hans";
}

export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Why something cannot be, in the user's language; English if there is no other word for it.
export function reason(why) {
  for (const [pattern, text] of chinese.reasons ?? []) {
    const found = why.match(new RegExp(`^(?:${pattern})$`, "s"));
    if (found) return text.replace(/\{(\d)\}/g, (_, i) => named(found[i] ?? "-")).replaceAll("） ", "）");
  }
  return why;
}

// A setting by the word beside its field, and by its name in an address.
function named(text) {
  const key = Object.hasOwn(chinese.fields, text) ? chinese.fields[text] : "";
  return key ? `${t(key).split("（")[0]}（${text}）` : text;
}

// The table of a tutorial in the user's language: its title, rows and note.
export function translated(name, tutorial) {
  const rows = tutorial.rows.map((row) => row.map((cell) => {
    for (const [phrase, text] of Object.entries(chinese.phrases ?? {})) cell = cell.replace(phrase, () => text);
    return cell;
  }));
  return { ...tutorial, ...chinese.tutorials?.[name], rows };
}

// Numbers: as many digits as a tutorial prints.
export function number(value, digits = 6) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

export function count(value) {
  return Math.floor(value).toLocaleString(language === "zh" ? "zh-CN" : "en-GB");
}

export function percent(value, digits = 1) {
  return value === undefined || value === null ? "-" : `${(100 * value).toFixed(digits)} %`;
}
