// The engine of the page without a server: everything is computed in the browser.
import { load } from './assets.js';
import { openModel } from './model.js';
import { readCanvas, readPicture } from './pixels.js';
import { Recognizer } from './recognizer.js';
import { Smoother, Tracker } from './tracks.js';
import { YuNet } from './yunet.js';

const HALF_LIFE = 0.5; // seconds, of the smoothed probabilities before a camera

/** Load the models and return the engine. Errors, here and later, have messages of one line. */
export async function open() {
  const settings = JSON.parse(new TextDecoder().decode(await load('page.json')));
  const recognizer = new Recognizer(await openModel(await load('model.onnx'), 'model.onnx'), settings.card);
  const engine = new Engine(recognizer, settings.min_score);
  if (settings.finder) await engine.setFinder(new File([await load('faces.onnx')], 'faces.onnx'));
  return engine;
}

class Engine {
  #recognizer;
  #minScore;

  constructor(recognizer, minScore) {
    this.#recognizer = recognizer;
    this.#minScore = minScore;
    this.card = recognizer.card;
    this.classes = recognizer.card.classes;
    this.private = 'Pictures stay in this browser: they are sent to no server and stored nowhere.';
  }

  /** Whether faces are found; otherwise boxes are given. */
  get findsFaces() {
    return this.#recognizer.finder !== null;
  }

  /** Find faces from now on with a file of YuNet (.onnx). */
  async setFinder(file) {
    const model = await openModel(new Uint8Array(await file.arrayBuffer()), file.name);
    this.#recognizer.finder = new YuNet(model, this.#minScore);
  }

  /** Result of a picture; boxes: [left, top, right, bottom] of its faces, null to find them. */
  async predict(blob, boxes = null) {
    const name = blob.name ?? 'picture';
    const picture = await readPicture(blob, name);
    const found = await this.#recognizer.find(picture, boxes);
    const answers = await this.#recognizer.classify(picture, found);
    const faces = found.map((each, i) => this.#recognizer.toFace(each, answers[i]));
    return { source: name, width: picture.width, height: picture.height, faces, frame: null, time: null };
  }

  /** Begin a video of a camera. */
  openStream() {
    return new Stream(this.#recognizer);
  }
}

/** Results of frames, with tracks and smoothed probabilities. */
class Stream {
  #recognizer;
  #tracker = new Tracker();
  #smoother = new Smoother(HALF_LIFE);
  #begin = null;
  #frames = 0;

  constructor(recognizer) {
    this.#recognizer = recognizer;
  }

  /** Result of the next frame, a canvas, at the time of this call. */
  async predict(canvas, boxes = null) {
    const now = performance.now() / 1000;
    this.#begin ??= now;
    const [time, frame] = [now - this.#begin, this.#frames++];
    const picture = readCanvas(canvas);
    const found = await this.#recognizer.find(picture, boxes);
    const answers = await this.#recognizer.classify(picture, found);
    const tracks = this.#tracker.update(found.map(({ box }) => box), time);
    this.#smoother.keep(this.#tracker.living);
    const faces = found.map((each, i) => {
      const probabilities = this.#smoother.update(tracks[i], answers[i].probabilities, time);
      return this.#recognizer.toFace(each, { ...answers[i], probabilities }, tracks[i]);
    });
    return { source: 'camera', width: picture.width, height: picture.height, faces, frame, time };
  }

  /** End the video; nothing is left to do. */
  close() {}
}
