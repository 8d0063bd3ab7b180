// What the model card tells of the model: its name, and how often it is right.
import { addBars, setBars } from './bars.js';

/** Fill the page in. card: metadata of the model; figures may be missing. */
export function showCard({ config, classes, figures }) {
  const [accuracy, recalls, model] = ['accuracy', 'recalls', 'model'].map((id) => document.getElementById(id));
  model.textContent = `Model: ${config ?? 'without a name'}`;
  if (figures?.single_view) accuracy.textContent = describeAccuracy(figures);
  if (figures?.classes && classes.every((name) => figures.classes[name])) {
    addBars(recalls, classes);
    setBars(recalls, Object.fromEntries(classes.map((name) => [name, figures.classes[name].recall / 100])));
    accuracy.append(' Part of the faces of each label that it finds:');
    recalls.hidden = false;
  }
}

function describeAccuracy({ conditions, single_view: { accuracy, ci95_low: low, ci95_high: high, leak_free: clean } }) {
  const { dataset, split, samples } = conditions ?? {};
  const name = [dataset?.type, split].filter(Boolean).join(' ') || 'a test set';
  return `Of ${samples ? `the ${samples.toLocaleString('en')} faces of ` : ''}${name}, the model gives `
    + `${format(accuracy)} % the label of the data set (95 % interval: ${format(low)} to ${format(high)} %)`
    + (clean ? `; without those with a copy among the faces that it learned from, ${format(clean.accuracy)} %.` : '.')
    + (dataset?.type === 'FER2013' ? ' People who label these faces once more agree on about 65 %.' : '');
}

function format(value) {
  return value.toFixed(1);
}
