// The last minute before a camera: a row for each person, the probabilities of a moment stacked in their colours.
import { colorOf } from './bars.js';

const SECONDS = 60;
const TICK = 15; // seconds
const ROWS = 3; // persons who were seen last
const [ROW, GAP, AXIS] = [34, 6, 16]; // px of heights
const PAUSE = 0.1; // seconds between two moments
const HOLD = 1; // seconds that a moment lasts if no other one follows

export class Timeline {
  #canvas;
  #classes;
  #moments = []; // time in seconds, and the faces, in order

  constructor(figure, classes) {
    figure.hidden = false;
    this.#canvas = figure.querySelector('canvas');
    this.#classes = classes;
  }

  /** Add the faces of a frame that was answered now, and draw. */
  add(faces) {
    const now = performance.now() / 1000; // of this page: a stream that is opened anew starts at 0
    if (now - (this.#moments.at(-1)?.time ?? -1) < PAUSE) return;
    this.#moments.push({ time: now, faces });
    this.#moments = this.#moments.filter(({ time }) => time > now - SECONDS);
    this.#canvas.dataset.entries = this.#moments.reduce((sum, moment) => sum + moment.faces.length, 0);
    this.#draw(now);
  }

  /** Tracks that are shown, in order. */
  #tracks() {
    const seen = this.#moments.flatMap(({ faces }) => faces.map(({ track }) => track)).reverse();
    return [...new Set(seen)].slice(0, ROWS).sort((one, other) => one - other);
  }

  #draw(now) {
    const tracks = this.#tracks();
    const width = this.#canvas.clientWidth;
    const height = Math.max(1, tracks.length) * (ROW + GAP) + AXIS;
    const context = this.#resize(width, height);
    const style = getComputedStyle(this.#canvas);
    const toX = (time) => Math.round(width * (1 - (now - time) / SECONDS)); // whole pixels have no seams
    context.font = `12px ${style.fontFamily}`;
    tracks.forEach((track, row) => {
      this.#drawRow(context, style, track, row * (ROW + GAP), toX, now);
      this.#drawName(context, style, `Person ${track + 1}`, row * (ROW + GAP));
    });
    context.fillStyle = style.color;
    for (let ago = SECONDS; ago >= 0; ago -= TICK) {
      context.textAlign = { [SECONDS]: 'left', 0: 'right' }[ago] ?? 'center';
      context.fillText(ago ? `−${ago} s` : 'now', toX(now - ago), height - 3);
    }
    const last = this.#moments.at(-1).faces.map(({ track, label }) => `person ${track + 1} ${label}`);
    this.#canvas.setAttribute('aria-label', `Probabilities of the last minute; now ${last.join(', ') || 'nobody'}`);
  }

  #drawRow(context, style, track, top, toX, now) {
    context.fillStyle = style.getPropertyValue('--lane');
    context.fillRect(0, top, this.#canvas.clientWidth, ROW);
    this.#moments.forEach(({ time, faces }, i) => {
      const face = faces.find((each) => each.track === track);
      if (!face) return;
      const end = Math.min(this.#moments[i + 1]?.time ?? Infinity, time + HOLD);
      let y = top;
      for (const name of this.#classes) {
        const length = ROW * face.probabilities[name];
        context.fillStyle = style.getPropertyValue(colorOf(this.#classes, name));
        context.fillRect(toX(time), y, toX(Math.min(end, now)) - toX(time), length);
        y += length;
      }
    });
  }

  #drawName(context, style, text, top) {
    context.textAlign = 'left';
    context.fillStyle = style.getPropertyValue('--card');
    context.fillRect(0, top, context.measureText(text).width + 12, 18);
    context.fillStyle = style.color;
    context.fillText(text, 6, top + 13);
  }

  /** Give the canvas a size, and the sharpness of the screen. */
  #resize(width, height) {
    const scale = window.devicePixelRatio || 1;
    [this.#canvas.width, this.#canvas.height] = [width, height].map((length) => Math.round(scale * length));
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext('2d');
    context.scale(scale, scale);
    return context;
  }
}
