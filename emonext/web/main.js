// The page: pictures and frames go to the engine, its answers to the views.
import { watch } from './camera.js';
import { describe } from './words.js';
import { View } from './view.js';

const [status, results, choose, camera, finder] = ['status', 'results', 'choose', 'camera', 'finder'].map(
  (id) => document.getElementById(id));
let engine;
let watching = null; // what ends the camera
let choice = 0; // number of the last choice; older ones end

function say(text, isError = false) {
  if (status.textContent !== text) status.textContent = text; // else screen readers repeat it
  status.classList.toggle('error', isError);
}

async function start() {
  engine = await (await import(document.documentElement.dataset.engine)).open();
  document.getElementById('private').textContent = engine.private;
  const { config, figures } = engine.card;
  document.getElementById('model').textContent = `Model: ${config ?? 'without a name'}; ${engine.classes.join(', ')}.`;
  if (figures?.single_view) {
    const accuracy = document.getElementById('accuracy');
    accuracy.textContent = `On the ${figures.conditions.samples} faces of ${figures.conditions.dataset.type} that it was `
      + `measured on, ${figures.single_view.accuracy.toFixed(1)} % of its labels were right. People agree with these `
      + 'labels on about 65 %.';
    accuracy.hidden = false;
  }
  [choose.disabled, camera.disabled, finder.hidden] = [false, false, !engine.setFinder];
  say('');
}

/** Show pictures, and what the engine answers. */
async function show(files) {
  stop();
  const mine = ++choice;
  results.replaceChildren();
  for (const file of files) {
    if (mine !== choice) return;
    say(`Looking at ${file.name} …`);
    try {
      const view = new View(engine, file.name);
      await view.draw(file);
      if (mine !== choice) return;
      results.append(view.element);
      await view.answer((boxes) => engine.predict(file, boxes), (result, error) => {
        if (mine !== choice) return;
        report(result, error);
        if (error) keep(error);
      });
    } catch (error) {
      if (mine !== choice) return;
      say(error.message, true);
      keep(error);
    }
  }
}

/** Leave an error on the page: the status tells of the next picture. */
function keep(error) {
  const line = document.createElement('p');
  [line.className, line.textContent] = ['error', error.message];
  results.append(line);
}

function report(result, error) {
  say(error ? error.message : describe(result), Boolean(error));
}

async function toggleCamera() {
  if (watching) return stop();
  choice++;
  say('Waiting for the camera …');
  const view = new View(engine, 'Camera', true);
  results.replaceChildren(view.element);
  camera.setAttribute('aria-pressed', 'true');
  camera.textContent = 'Stop the camera';
  watching = watch(view, engine, report, stop);
}

function stop() {
  if (watching) {
    watching();
    watching = null;
    say('');
  }
  camera.setAttribute('aria-pressed', 'false');
  camera.textContent = 'Use the camera';
}

/** Let a button open a file dialog. */
function connect(button, input, use) {
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    if (input.files.length) use([...input.files]);
    input.value = ''; // so that the same file can be chosen again
  });
}

connect(choose, document.getElementById('files'), show);
connect(finder, document.getElementById('finder-file'), async ([file]) => {
  try {
    await engine.setFinder(file);
    stop();
    results.replaceChildren();
    say(`Faces are found by ${file.name}.`);
  } catch (error) {
    say(error.message, true);
  }
});
camera.addEventListener('click', toggleCamera);
const drop = document.getElementById('drop');
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (engine && event.dataTransfer.files.length) show([...event.dataTransfer.files]);
});
document.addEventListener('paste', (event) => {
  if (engine && event.clipboardData.files.length) show([...event.clipboardData.files]);
});
start().catch((error) => say(error.message, true));
