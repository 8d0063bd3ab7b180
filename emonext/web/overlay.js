// Boxes and labels over a picture. They are for the eye: the cards of the faces say the same in words.
import { colorOf } from './bars.js';
import { percent } from './words.js';

const SMALL = 64; // px of the screen: a narrower box among several has its number alone
const EDGE = 0.14; // of the picture's height: nearer to the border there is no room for a label outside the box

export class Overlay {
  #frame;
  #classes;
  #boxes = [];

  constructor(frame, classes) {
    [this.#frame, this.#classes] = [frame, classes];
  }

  /** Draw the boxes of a result; those that are there are moved. */
  show({ faces, width, height }) {
    while (this.#boxes.length > faces.length) this.#boxes.pop().remove();
    while (this.#boxes.length < faces.length) this.#boxes.push(this.#build());
    faces.forEach((face, i) => this.#place(this.#boxes[i], face, i, faces.length > 1, width, height));
  }

  /** Raise a box, or lower it. */
  point(index, isOn) {
    this.#boxes[index]?.classList.toggle('pointed', isOn);
  }

  #build() {
    const box = document.createElement('div');
    box.className = 'box';
    box.setAttribute('aria-hidden', 'true');
    const tag = box.appendChild(document.createElement('span'));
    tag.append(document.createElement('b'), document.createElement('span'));
    this.#frame.append(box);
    return box;
  }

  #place(box, face, index, isNumbered, width, height) {
    const [left, right] = [face.box[0], face.box[2]].map((x) => clip(x / width));
    const [top, bottom] = [face.box[1], face.box[3]].map((y) => clip(y / height));
    const [number, label] = box.firstElementChild.children;
    number.textContent = isNumbered ? (face.track ?? index) + 1 : '';
    label.textContent = `${face.label} ${percent(face.score)}`;
    box.style.setProperty('--color', `var(${colorOf(this.#classes, face.label)})`);
    for (const [name, value] of Object.entries({ x: left, y: top, w: right - left, h: bottom - top })) {
      box.style.setProperty(`--${name}`, `${100 * value}%`);
    }
    box.classList.toggle('small', isNumbered && (right - left) * this.#frame.clientWidth < SMALL);
    box.classList.toggle('late', left + right > 1);
    box.classList.toggle('below', top < EDGE && bottom < 1 - EDGE);
    box.classList.toggle('inside', top < EDGE && bottom >= 1 - EDGE);
  }
}

function clip(value) {
  return Math.min(Math.max(value, 0), 1);
}
