// A card for each face: its label, the probabilities, and what the model was shown.
import { percent } from './words.js';

const COLORS = 8; // of style.css; further classes repeat them

export function colorOf(classes, label) {
  return `var(--c${classes.indexOf(label) % COLORS})`;
}

export class FaceList {
  #list;
  #classes;
  #mark;

  /** Args: list element; names of the classes; a function of the index of a face and whether it is pointed at. */
  constructor(list, classes, mark) {
    this.#list = list;
    this.#classes = classes;
    this.#mark = mark;
  }

  /** Show faces; cards that are there are changed, so that the page does not jump before a camera. */
  show(faces) {
    while (this.#list.children.length > faces.length) this.#list.lastElementChild.remove();
    while (this.#list.children.length < faces.length) this.#list.append(this.#build(this.#list.children.length));
    faces.forEach((face, i) => this.#fill(this.#list.children[i], face, i));
  }

  #build(index) {
    const card = document.getElementById('face').content.firstElementChild.cloneNode(true);
    card.querySelector('dl').append(...this.#classes.map((name) => buildRow(name, colorOf(this.#classes, name))));
    card.addEventListener('pointerenter', () => this.#mark(index, true));
    card.addEventListener('pointerleave', () => this.#mark(index, false));
    return card;
  }

  #fill(card, face, index) {
    const who = face.track === null || face.track === undefined ? `Face ${index + 1}` : `Person ${face.track + 1}`;
    card.querySelector('h2').textContent = `${who}: ${face.label}, ${percent(face.score)}`;
    card.style.setProperty('--color', colorOf(this.#classes, face.label));
    this.#classes.forEach((name, i) => {
      const row = card.querySelectorAll('dl > div')[i];
      row.querySelector('i').style.width = `${100 * face.probabilities[name]}%`;
      row.querySelector('dd').textContent = percent(face.probabilities[name]);
      row.dataset.probability = face.probabilities[name];
    });
    for (const kind of ['crop', 'warped']) {
      const figure = card.querySelector(`.${kind}`);
      figure.hidden = !face[kind];
      if (face[kind]) figure.querySelector('img').src = face[kind];
    }
  }
}

function buildRow(name, color) {
  const [row, term, bar, filled, value] = ['div', 'dt', 'div', 'i', 'dd'].map((kind) => document.createElement(kind));
  term.textContent = name;
  bar.className = 'bar';
  bar.setAttribute('aria-hidden', 'true');
  bar.append(filled);
  row.style.setProperty('--color', color);
  row.dataset.name = name;
  row.append(term, bar, value);
  return row;
}
