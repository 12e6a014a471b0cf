// A sheet to draw a digit on, by pointer or keyboard.

import { paintInk, sheet } from "./paint.js";
import { argmax } from "./output.js";
import { percent, t } from "./text.js";
import { make } from "./tables.js";

const SIDE = 20;
const WIDE = 17; // of the pen, on a sheet of 200

export class Pad {
  constructor(drawn) {
    this.canvas = document.getElementById("pad");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.drawn = drawn;
    this.place = [100, 100];
    this.isDown = false;
    this.canvas.onpointerdown = (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.place = this.#at(event);
      this.#stroke(this.place);
    };
    this.canvas.onpointermove = (event) => {
      if (!this.isDown) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) this.#stroke(this.#at(each));
      this.#stroke(this.#at(event));
    };
    this.canvas.onpointerup = this.canvas.onpointercancel = () => { this.isDown = false; };
    this.canvas.onkeydown = (event) => this.#onKey(event);
    document.getElementById("clear").onclick = () => this.clear();
    this.rows = [...Array(10).keys()].map((digit) => {
      const meter = make("meter", [], { min: 0, max: 1, value: 0, ariaLabel: String(digit) });
      document.querySelector("#bars tbody").append(make("tr", [make("th", String(digit), { scope: "row" }), make("td", meter)]));
      return meter;
    });
    this.clear();
  }

  #at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * 200, ((clientY - box.top) / box.height) * 200];
  }

  #stroke(to) {
    const { context } = this;
    Object.assign(context, { lineWidth: WIDE, lineCap: "round", strokeStyle: "#000" });
    context.beginPath();
    context.moveTo(...this.place);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    this.place = to;
    this.send();
  }

  #onKey(event) {
    const moves = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    if (event.key === " ") {
      event.preventDefault();
      this.#stroke(this.place);
    } else if (moves[event.key]) {
      event.preventDefault();
      const to = this.place.map((v, i) => Math.max(10, Math.min(190, v + moves[event.key][i])));
      if (event.shiftKey) this.#stroke(to);
      this.place = to;
    }
  }

  send() {
    if (this.waiting) { this.isNewer = true; return; }
    const small = sheet(SIDE, SIDE);
    const context = small.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { imageSmoothingEnabled: true, imageSmoothingQuality: "high" });
    context.drawImage(this.canvas, 0, 0, SIDE, SIDE);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    const pixels = Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
    this.waiting = true;
    this.isNewer = false;
    this.isBlank = pixels.every((v) => v === 0);
    this.drawn(pixels);
  }

  // What the network says of the last drawing.
  show({ outputs, parts }) {
    this.waiting = false;
    paintInk(document.getElementById("seen"), parts.image.values);
    outputs.forEach((value, digit) => { this.rows[digit].value = this.isBlank ? 0 : value; });
    const best = argmax(outputs, 0, outputs.length);
    document.getElementById("said").textContent = this.isBlank
      ? t("said_nothing") : t("said", { a: best, p: percent(outputs[best], 0) });
    if (this.isNewer) this.send();
  }

  // Say in another language what was said; `isInUse` if the network takes digits.
  relabel(isInUse) {
    if (this.isBlank) document.getElementById("said").textContent = t("said_nothing");
    else if (isInUse) this.send();
  }

  clear() {
    this.context.clearRect(0, 0, 200, 200);
    this.waiting = false;
    this.isBlank = true;
    for (const meter of this.rows) meter.value = 0;
    document.getElementById("said").textContent = t("said_nothing");
    document.getElementById("seen").getContext("2d").clearRect(0, 0, SIDE, SIDE);
  }
}
