// A square that the user moves to a face, where there is no detector: by mouse, finger or keyboard.
const SMALLEST = 16; // px of the picture
const STEP = 0.02; // part of the picture's shorter side that a key moves

export class Square {
  #element = document.createElement('div');
  #size;
  #changed;
  #frame;
  #at; // left, top and side, in pixels of the picture

  constructor(frame, size, changed) {
    [this.#frame, this.#size, this.#changed] = [frame, size, changed];
    const side = 0.6 * Math.min(...size);
    this.#at = [(size[0] - side) / 2, (size[1] - side) / 2, side];
    const handle = document.createElement('i');
    Object.assign(this.#element, { className: 'square', tabIndex: 0 });
    this.#element.setAttribute('role', 'group');
    this.#element.setAttribute('aria-label', 'Square around the face: arrow keys move it, plus and minus change its size');
    this.#element.append(handle);
    this.#element.addEventListener('pointerdown', (event) => this.#drag(event, event.target === handle));
    this.#element.addEventListener('keydown', (event) => this.#press(event));
    frame.append(this.#element);
    this.#place();
  }

  /** Left, top, right, bottom in pixels of the picture. */
  box() {
    const [left, top, side] = this.#at;
    return [left, top, left + side, top + side];
  }

  #drag(event, resizes) {
    event.preventDefault();
    this.#element.focus();
    this.#element.setPointerCapture(event.pointerId);
    const [x, y, at] = [event.clientX, event.clientY, this.#at];
    const scale = this.#size[0] / this.#frame.clientWidth;
    const move = ({ clientX, clientY }) => {
      const [dx, dy] = [scale * (clientX - x), scale * (clientY - y)];
      this.#move(resizes ? [at[0], at[1], at[2] + Math.max(dx, dy)] : [at[0] + dx, at[1] + dy, at[2]]);
    };
    const end = () => {
      this.#element.removeEventListener('pointermove', move);
      this.#changed();
    };
    this.#element.addEventListener('pointermove', move);
    this.#element.addEventListener('lostpointercapture', end, { once: true });
  }

  #press(event) {
    const step = STEP * Math.min(...this.#size);
    const [left, top, side] = this.#at;
    const places = {
      ArrowLeft: [left - step, top, side], ArrowRight: [left + step, top, side], ArrowUp: [left, top - step, side],
      ArrowDown: [left, top + step, side], '+': [left - step, top - step, side + 2 * step],
      '-': [left + step, top + step, side - 2 * step],
    };
    if (!places[event.key]) return;
    event.preventDefault();
    this.#move(places[event.key]);
    this.#changed();
  }

  #move([left, top, side]) {
    const [width, height] = this.#size;
    side = Math.min(Math.max(side, SMALLEST), Math.max(width, height));
    left = Math.min(Math.max(left, -side / 2), width - side / 2); // its centre stays on the picture
    top = Math.min(Math.max(top, -side / 2), height - side / 2);
    this.#at = [left, top, side];
    this.#place();
  }

  #place() {
    const [left, top, side] = this.#at;
    const [width, height] = this.#size;
    Object.assign(this.#element.style, {
      left: `${100 * left / width}%`, top: `${100 * top / height}%`, width: `${100 * side / width}%`,
      height: `${100 * side / height}%`,
    });
  }
}
