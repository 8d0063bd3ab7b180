// The page: pictures and frames go to an engine, its answers to the views.
//
// The module that <html data-engine> names exports open(), which returns an engine:
//   classes: names; card: metadata of the model; private: where pictures go, in a sentence;
//   findsFaces: whether it finds faces; if not, it is given boxes: [left, top, right, bottom] in pixels of the picture;
//   predict(blob, boxes or null): the result, with the fields of Result.to_dict(), and of each face crop and warped,
//     data URLs or null;
//   openStream(): { predict(canvas, boxes or null), close() }, for frames of a camera;
//   setFinder(file), if it has one: take a detector of faces.
// Its errors have messages of one line.
import { showCard } from './about.js';
import { Camera } from './camera.js';
import { connect, receive } from './inputs.js';
import { latest } from './latest.js';
import { View } from './view.js';
import { describe, describeAll, describeFrame } from './words.js';

const [status, results, choose, cameraButton, finderButton] = ['status', 'results', 'choose', 'camera', 'finder'].map(
  (id) => document.getElementById(id));
const CALM = 1500; // ms between two sentences about the camera, which are read aloud
let engine = null;
let camera = null;
let shown = []; // files
let turn = 0; // counts what the user asked for; answers to what he asked for before are dropped
let spoken = -Infinity; // ms, when the camera was told of

/** Say a sentence; a quiet one is read aloud alone. */
function say(text, isError = false, isQuiet = false) {
  if (status.textContent !== text) status.textContent = text; // else it is read aloud again
  status.classList.toggle('error', isError);
  status.classList.toggle('quiet', isQuiet);
}

async function start() {
  engine = await (await import(document.documentElement.dataset.engine)).open();
  document.getElementById('private').textContent = engine.private;
  showCard({ ...engine.card, classes: engine.classes });
  [choose.disabled, cameraButton.disabled, finderButton.hidden] = [false, false, !engine.setFinder];
  say('');
}

/** Show pictures one after the other, and what the engine answers. */
async function show(files) {
  const mine = clear(files);
  const answers = [];
  for (const [i, file] of files.entries()) {
    say(`Looking at ${file.name}${files.length > 1 ? ` (${i + 1} of ${files.length})` : ''} …`);
    answers.push(await look(file, mine, files.length > 1));
    if (mine !== turn) return;
  }
  if (answers.length === 1) report(answers[0]);
  else say(describeAll(answers.map((answer) => (answer instanceof Error ? null : answer))));
}

/** Show a picture; its result or an error is returned. With a square, ask again whenever it is moved. */
async function look(file, mine, isOneOfSeveral) {
  const view = new View(engine, file.name);
  try {
    await view.draw(file);
  } catch (error) {
    if (mine === turn && isOneOfSeveral) add(problem(error.message));
    return error;
  }
  if (mine !== turn) return null;
  add(view.element);
  const ask = async () => {
    try {
      const result = await engine.predict(file, view.boxes());
      view.show(result);
      return result;
    } catch (error) {
      view.fail(isOneOfSeveral ? error.message : '');
      return error;
    }
  };
  if (!engine.findsFaces) {
    view.addSquare(latest(async () => {
      const answer = await ask();
      if (mine === turn) report(answer);
    }));
  }
  return ask();
}

/** Add an element to the results, the first of which is brought into sight. */
function add(element) {
  results.append(element);
  const isFarDown = status.getBoundingClientRect().top > innerHeight / 2;
  if (results.children.length === 1 && isFarDown) status.scrollIntoView();
}

function problem(message) {
  return Object.assign(document.createElement('p'), { className: 'problem', textContent: message });
}

function report(answer) {
  if (answer instanceof Error) say(answer.message, true);
  else say(describe(answer));
}

async function watch() {
  const mine = clear([]);
  say('Waiting for the camera …');
  const view = new View(engine, 'Camera', true);
  cameraButton.setAttribute('aria-pressed', 'true');
  cameraButton.textContent = 'Stop the camera';
  const own = camera = new Camera(engine, view, (result, error) => {
    if (mine !== turn) return;
    if (!view.element.isConnected) add(view.element);
    if (error) return say(error.message, true);
    if (performance.now() - spoken < CALM) return;
    spoken = performance.now();
    say(describeFrame(result), false, true); // the cards show it
  });
  try {
    await own.watch();
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
  if (camera === own) stop();
}

/** End the camera; its last frame and the timeline stay. */
function stop() {
  if (camera && !status.classList.contains('error')) say('');
  camera?.stop();
  camera = null;
  cameraButton.setAttribute('aria-pressed', 'false');
  cameraButton.textContent = 'Use the camera';
}

/** Make room for other pictures. */
function clear(files) {
  stop();
  shown = files;
  spoken = -Infinity;
  results.replaceChildren();
  document.body.classList.add('used');
  return ++turn;
}

async function setFinder([file]) {
  try {
    await engine.setFinder(file);
    if (camera) watch();
    else if (shown.length) show(shown);
    else say(`Faces are found by ${file.name}.`);
  } catch (error) {
    say(error.message, true);
  }
}

connect(choose, document.getElementById('files'), show);
connect(finderButton, document.getElementById('finder-file'), setFinder);
cameraButton.addEventListener('click', () => (camera ? stop() : watch()));
receive((files) => engine && show(files));
start().catch((error) => say(error.message, true));
