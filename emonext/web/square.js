// A square that is moved over a face where no detector finds it: by mouse, finger or keyboard.
const SMALLEST = 16; // px of the picture
const STEP = 0.02; // of the picture's shorter side, for each press of a key
const BEGIN = 0.6; // of the picture's shorter side
const LABEL = 'Square around the face: arrow keys move it, plus and minus change its size';

export class Square {
  #element = document.createElement('div');
  #frame;
  #size;
  #changed;
  #at; // left, top and side, in pixels of the picture

  /** frame: element of the picture; size: its width and height in pixels; changed: called after each move. */
  constructor(frame, size, changed) {
    [this.#frame, this.#size, this.#changed] = [frame, size, changed];
    const side = BEGIN * Math.min(...size);
    Object.assign(this.#element, { className: 'square', tabIndex: 0 });
    this.#element.setAttribute('role', 'group');
    this.#element.setAttribute('aria-label', LABEL);
    const handle = this.#element.appendChild(document.createElement('i'));
    this.#element.addEventListener('pointerdown', (event) => this.#drag(event, event.target === handle));
    this.#element.addEventListener('keydown', (event) => this.#press(event));
    frame.append(this.#element);
    this.#move([(size[0] - side) / 2, (size[1] - side) / 2, side]);
  }

  /** Left, top, right, bottom in pixels of the picture. */
  box() {
    const [left, top, side] = this.#at;
    return [left, top, left + side, top + side];
  }

  /** Pixels of the picture to the right for a step of the screen to the right: negative in a mirror. */
  get #direction() {
    return this.#frame.classList.contains('mirrored') ? -1 : 1;
  }

  #drag(event, resizes) {
    event.preventDefault();
    this.#element.focus();
    this.#element.setPointerCapture(event.pointerId);
    const [left, top, side] = this.#at;
    const scale = this.#size[0] / this.#frame.clientWidth;
    const move = ({ clientX, clientY }) => {
      const [dx, dy] = [this.#direction * scale * (clientX - event.clientX), scale * (clientY - event.clientY)];
      this.#move(resizes ? [left, top, side + Math.max(dx, dy)] : [left + dx, top + dy, side]);
      this.#changed();
    };
    this.#element.addEventListener('pointermove', move);
    this.#element.addEventListener('lostpointercapture', () => {
      this.#element.removeEventListener('pointermove', move);
    }, { once: true });
  }

  #press(event) {
    const step = STEP * Math.min(...this.#size);
    const across = this.#direction * step;
    const [left, top, side] = this.#at;
    const grow = (by) => [left - by, top - by, side + 2 * by];
    const places = {
      ArrowLeft: [left - across, top, side], ArrowRight: [left + across, top, side],
      ArrowUp: [left, top - step, side], ArrowDown: [left, top + step, side],
      '+': grow(step), '=': grow(step), '-': grow(-step),
    };
    if (!places[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#move(places[event.key]);
    this.#changed();
  }

  /** Move the square, the centre of which stays on the picture. */
  #move([left, top, side]) {
    const [width, height] = this.#size;
    side = Math.min(Math.max(side, Math.min(SMALLEST, width, height)), Math.max(width, height));
    left = Math.min(Math.max(left, -side / 2), width - side / 2);
    top = Math.min(Math.max(top, -side / 2), height - side / 2);
    this.#at = [left, top, side];
    const parts = { x: left / width, y: top / height, w: side / width, h: side / height };
    for (const [name, part] of Object.entries(parts)) this.#element.style.setProperty(`--${name}`, `${100 * part}%`);
  }
}
