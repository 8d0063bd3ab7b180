// A picture or the camera: its pixels, the boxes on it, and a card for each face.
import { FaceList, colorOf } from './faces.js';
import { Square } from './square.js';
import { Timeline } from './timeline.js';
import { percent } from './words.js';

const LARGEST = 1600; // px of the longer side of what is drawn

export class View {
  #frame;
  #boxes = [];
  #faces;
  #engine;
  #timeline = null;
  #square = null;

  constructor(engine, name, isVideo = false) {
    this.#engine = engine;
    this.element = document.getElementById('picture').content.firstElementChild.cloneNode(true);
    this.#frame = this.element.querySelector('.frame');
    this.canvas = this.#frame.querySelector('canvas');
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', name);
    this.element.querySelector('.view figcaption').textContent = name;
    this.#faces = new FaceList(this.element.querySelector('.faces'), engine.classes, (i, on) => this.#mark(i, on));
    if (isVideo) this.#timeline = new Timeline(this.element.querySelector('.timeline'), engine.classes);
  }

  /** Draw a picture file, upright. */
  async draw(file) {
    const image = await createImageBitmap(file).catch(() => {
      throw Error(`${file.name}: no picture that this browser can show`);
    });
    const scale = Math.min(1, LARGEST / Math.max(image.width, image.height));
    this.canvas.width = Math.max(1, Math.round(scale * image.width));
    this.canvas.height = Math.max(1, Math.round(scale * image.height));
    const context = this.canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
    this.size = [image.width, image.height];
    image.close();
  }

  /** Ask for a result and show it; without a detector, again after each change of the square. */
  async answer(predict, report) {
    const ask = async () => {
      const boxes = this.boxes();
      try {
        const result = await predict(boxes);
        this.show(result);
        report(result, null);
      } catch (error) {
        report(null, error);
      }
    };
    if (!this.#engine.findsFaces) this.#addSquare(ask);
    await ask();
  }

  /** Boxes that the user gives; null where the engine finds the faces. */
  boxes() {
    if (this.#engine.findsFaces) return null;
    if (!this.#square) this.#addSquare(() => {});
    return [this.#square.box()];
  }

  #addSquare(changed) {
    this.#square = new Square(this.#frame, this.size, changed);
    this.element.querySelector('.view figcaption').append(': move the square to the face');
  }

  /** Show a result. */
  show(result) {
    this.#boxes.forEach((box) => box.remove());
    this.#boxes = result.faces.map((face) => this.#drawBox(face, result));
    this.#frame.append(...(this.#engine.findsFaces ? this.#boxes : []));
    this.#faces.show(result.faces);
    this.#timeline?.add(result);
  }

  #drawBox(face, { width, height }) {
    const [left, top, right, bottom] = face.box;
    const box = document.createElement('div');
    const text = document.createElement('span');
    box.className = 'box';
    box.classList.toggle('low', top < 0.08 * height);
    box.classList.toggle('right', left > 0.7 * width);
    box.style.setProperty('--color', colorOf(this.#engine.classes, face.label));
    Object.assign(box.style, {
      left: `${100 * left / width}%`, top: `${100 * top / height}%`,
      width: `${100 * (right - left) / width}%`, height: `${100 * (bottom - top) / height}%`,
    });
    text.textContent = `${face.label} ${percent(face.score)}`;
    box.append(text);
    return box;
  }

  #mark(index, on) {
    this.#boxes[index]?.classList.toggle('marked', on);
  }
}
