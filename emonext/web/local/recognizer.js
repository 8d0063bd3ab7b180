// From pixels to emotions, the steps of emonext/recognizer.py.
import { checkInside, middle, square } from './boxes.js';
import { cropFace } from './crops.js';
import { toDataUrl } from './pixels.js';

const BATCH = 64;

/**
 * Recognises the emotions of faces.
 *
 * model: the classifier, see model.js; card: its metadata.
 */
export class Recognizer {
  finder = null;

  constructor(model, card) {
    this.model = model;
    this.card = card;
  }

  /** Faces of a picture, the largest first: { box, detected, detection_score }. boxes: those of the user, or null. */
  async find(picture, boxes) {
    const found = boxes || !this.finder
      ? (boxes ?? [middle(picture)]).map((box) => ({ box: box.map(Number), detected: false, detection_score: null }))
      : (await this.finder.find(picture)).map(({ box, score }) => ({ box, detected: true, detection_score: score }));
    found.forEach(({ box }) => checkInside(box, picture));
    return found.sort((one, other) => one.box[1] - one.box[3] - (other.box[1] - other.box[3]));
  }

  /** Probabilities of the classes, and pictures of what the model was shown and of its warp, for each found face. */
  async classify(picture, found) {
    const { size, channels, crop } = this.card;
    const faces = found.map(({ box }) => cropFace(picture, square(box), size, channels, crop));
    const answers = [];
    for (let start = 0; start < faces.length; start += BATCH) {
      answers.push(...await this.#classifyBatch(faces.slice(start, start + BATCH)));
    }
    return answers;
  }

  async #classifyBatch(faces) {
    const { size, channels, classes } = this.card;
    const data = new Uint8Array(faces.length * channels * size * size);
    faces.forEach((face, i) => data.set(face, i * face.length));
    const names = ['probabilities', 'warped'].filter((name) => this.model.outputs.includes(name));
    const entry = { type: 'uint8', data, dims: [faces.length, channels, size, size] };
    const { probabilities, warped } = await this.model.run(entry, names);
    const values = Array.from(probabilities.data);
    if (values.length !== faces.length * classes.length || !values.every(Number.isFinite)) {
      throw Error(`${this.model.name}: ${values.length} probabilities, or some that are no numbers, for ` +
                  `${faces.length} faces and ${classes.length} classes`);
    }
    return faces.map((face, i) => ({
      probabilities: values.slice(i * classes.length, (i + 1) * classes.length),
      crop: toDataUrl(face, channels, size, size),
      warped: pictureOf(warped, i),
    }));
  }

  /** A face of a result, from what find and classify returned. */
  toFace(found, { probabilities, crop, warped }, track = null) {
    const { classes } = this.card;
    const score = Math.max(...probabilities);
    const named = Object.fromEntries(classes.map((name, i) => [name, probabilities[i]]));
    return { ...found, label: classes[probabilities.indexOf(score)], score, probabilities: named, track, crop, warped };
  }
}

/** Data URL of the warp of a face; null for a model without a Spatial Transformer. */
function pictureOf(warped, i) {
  const [, channels, height, width] = warped?.dims ?? [0, 0, 0, 0];
  const length = channels * height * width;
  return length ? toDataUrl(warped.data.subarray(i * length, (i + 1) * length), channels, width, height) : null;
}
