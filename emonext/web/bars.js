// Rows of a name, a bar and a percentage, in a list of terms (dl).
import { percent } from './words.js';

const COLORS = 8; // of style.css; further classes repeat them

/** Name of the colour of a class in style.css. */
export function colorOf(classes, label) {
  return `--c${classes.indexOf(label) % COLORS}`;
}

/** Add a row for each class. */
export function addBars(list, classes) {
  list.append(...classes.map((name) => buildRow(name, colorOf(classes, name))));
}

/** Set the rows; values, from 0 to 1, are those of the classes by name. */
export function setBars(list, values, best = null) {
  for (const row of list.children) {
    const { name } = row.dataset;
    row.dataset.probability = values[name];
    row.classList.toggle('best', name === best);
    row.querySelector('i').style.width = `${100 * values[name]}%`;
    row.querySelector('b').textContent = percent(values[name]);
  }
}

function buildRow(name, color) {
  const [row, term, data, bar, value] = ['div', 'dt', 'dd', 'i', 'b'].map((kind) => document.createElement(kind));
  row.dataset.name = name;
  row.style.setProperty('--color', `var(${color})`);
  term.textContent = name;
  const lane = document.createElement('span');
  lane.append(bar);
  data.append(lane, value);
  row.append(term, data);
  return row;
}
