// The labels of the last minute before a camera, a row for each person.
const SECONDS = 60;
const ROWS = 4; // persons who were seen last
const SCALE = 2; // pixels of the drawing for one of the page, for sharp letters

export class Timeline {
  #canvas;
  #classes;
  #entries = []; // time, track and face, in order

  constructor(figure, classes) {
    figure.hidden = false;
    this.#canvas = figure.querySelector('canvas');
    this.#classes = classes;
  }

  /** Add the faces of a frame and draw. */
  add({ time, faces }) {
    this.#entries.push(...faces.map((face) => ({ time, face })));
    this.#entries = this.#entries.filter((entry) => entry.time > time - SECONDS);
    this.#canvas.dataset.entries = this.#entries.length;
    this.#draw(time);
  }

  #draw(now) {
    const context = this.#canvas.getContext('2d');
    const style = getComputedStyle(this.#canvas);
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    [this.#canvas.width, this.#canvas.height] = [SCALE * width, SCALE * height]; // which also clears it
    context.scale(SCALE, SCALE);
    const tracks = [...new Set(this.#entries.map(({ face }) => face.track).reverse())].slice(0, ROWS).sort((a, b) => a - b);
    const lane = Math.min(28, height / Math.max(1, tracks.length));
    const toX = (time) => width * (1 - (now - time) / SECONDS);
    const words = tracks.map((track, row) => {
      const entries = this.#entries.filter(({ face }) => face.track === track);
      entries.forEach(({ time, face }, i) => {
        const end = i + 1 < entries.length ? Math.min(entries[i + 1].time, time + 1) : time + 0.3;
        context.globalAlpha = 0.3 + 0.7 * face.score;
        context.fillStyle = style.getPropertyValue(`--c${this.#classes.indexOf(face.label) % 8}`);
        context.fillRect(toX(time), row * lane + 2, Math.max(1, toX(end) - toX(time) + 0.5), lane - 4);
      });
      context.globalAlpha = 1;
      context.fillStyle = style.color;
      context.font = '13px system-ui, sans-serif';
      context.fillText(`Person ${track + 1}`, 6, row * lane + lane / 2 + 5);
      return `person ${track + 1} ${entries.at(-1).face.label}`;
    });
    this.#canvas.setAttribute('aria-label', `Labels of the last minute; now ${words.join(', ') || 'nobody'}`);
  }
}
