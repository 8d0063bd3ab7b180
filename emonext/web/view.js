// A picture or the camera: its pixels, the boxes on it, and a card for each face.
import { FaceList } from './faces.js';
import { Overlay } from './overlay.js';
import { Square } from './square.js';
import { Timeline } from './timeline.js';

const LARGEST = 1600; // px of the longer side of what is drawn
const MANY = 3; // faces that are listed below the picture instead of beside it

export class View {
  #engine;
  #name;
  #frame;
  #overlay;
  #faces;
  #timeline = null;
  #square = null;
  #size; // of what was painted, before it was made smaller

  /** engine: see main.js; name: of the picture; isVideo: whether frames of a camera will be shown. */
  constructor(engine, name, isVideo = false) {
    [this.#engine, this.#name] = [engine, name];
    this.element = document.getElementById('picture').content.firstElementChild.cloneNode(true);
    this.element.setAttribute('aria-label', name);
    this.#frame = this.#find('.frame');
    this.canvas = this.#find('.frame canvas');
    this.canvas.setAttribute('aria-label', name);
    this.#find('.view figcaption').textContent = name;
    this.#overlay = new Overlay(this.#frame, engine.classes);
    this.#faces = new FaceList(this.#find('.faces'), engine.classes, (i, isOn) => this.#overlay.point(i, isOn));
    if (isVideo) this.#timeline = new Timeline(this.#find('.timeline'), engine.classes);
  }

  /** Draw a picture file, upright. Raises an error of one line if the browser cannot read it. */
  async draw(file) {
    const image = await createImageBitmap(file).catch(() => {
      throw Error(`${this.#name}: no picture that this browser can show`);
    });
    this.paint(image, [image.width, image.height]);
    image.close();
  }

  /** Paint an image of a width and height in pixels, smaller where it is large. */
  paint(image, [width, height]) {
    this.#size = [width, height];
    const scale = Math.min(1, LARGEST / Math.max(width, height));
    [this.canvas.width, this.canvas.height] = [width, height].map((length) => Math.max(1, Math.round(scale * length)));
    this.#find('.view').style.setProperty('--ratio', width / height);
    const context = this.canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** Show the picture as a mirror does. */
  mirror() {
    this.#frame.classList.add('mirrored');
  }

  /** Let the user give the box of a face of what was painted; changed is called after each move. */
  addSquare(changed) {
    this.#square = new Square(this.#frame, this.#size, changed);
    this.#find('.help').hidden = false;
  }

  /** Boxes that the user gives; null where the engine finds the faces. */
  boxes() {
    return this.#square && [this.#square.box()];
  }

  /** Show a result. */
  show(result) {
    this.element.classList.toggle('many', !this.#timeline && result.faces.length >= MANY);
    if (!this.#square) this.#overlay.show(result);
    this.#faces.show(result.faces);
    this.#timeline?.add(result.faces);
    this.#say(result.faces.length ? '' : 'No face was found.');
  }

  /** Show an error in place of the faces. */
  fail(message) {
    this.#faces.show([]);
    this.#say(message);
  }

  #say(text) {
    this.#find('.nobody').textContent = text;
    this.#find('.nobody').hidden = !text;
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
