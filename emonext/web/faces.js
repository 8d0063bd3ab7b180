// A card for each face: its label, all probabilities, and what the model was shown.
import { addBars, colorOf, setBars } from './bars.js';
import { nameOf, percent } from './words.js';

export class FaceList {
  #list;
  #classes;
  #point;

  /** list: the element; point: called with the index of a face and whether the mouse is on its card. */
  constructor(list, classes, point) {
    [this.#list, this.#classes, this.#point] = [list, classes, point];
  }

  /** Show faces. Cards that are there are changed, so that the page keeps still before a camera. */
  show(faces) {
    const cards = this.#list.children;
    while (cards.length > faces.length) this.#list.lastElementChild.remove();
    while (cards.length < faces.length) this.#list.append(this.#build(cards.length));
    faces.forEach((face, i) => this.#fill(cards[i], face, i));
  }

  #build(index) {
    const card = document.getElementById('face').content.firstElementChild.cloneNode(true);
    addBars(card.querySelector('dl'), this.#classes);
    card.addEventListener('pointerenter', () => this.#point(index, true));
    card.addEventListener('pointerleave', () => this.#point(index, false));
    return card;
  }

  #fill(card, face, index) {
    card.style.setProperty('--color', `var(${colorOf(this.#classes, face.label)})`);
    card.querySelector('h2').textContent = `${nameOf(face, index)}: ${face.label}, ${percent(face.score)}`;
    setBars(card.querySelector('dl'), face.probabilities, face.label);
    for (const kind of ['crop', 'warped']) {
      const figure = card.querySelector(`.${kind}`);
      figure.hidden = !face[kind];
      if (face[kind]) figure.querySelector('img').src = face[kind];
    }
  }
}
