// Faces by YuNet, the computation of emonext/faces/yunet.py.
import { overlap } from './boxes.js';
import { shrink } from './shrink.js';

const STRIDES = [8, 16, 32];
const OUTPUTS = ['cls', 'obj', 'bbox'].flatMap((kind) => STRIDES.map((stride) => `${kind}_${stride}`));
const OVERLAP = 0.3; // of two boxes of one face
const MIN_SCORE = 0.6;
const SIDE = 640; // largest side in pixels of the picture that is searched

/** Detector of faces by a model of YuNet, see model.js. */
export class YuNet {
  #model;

  /** minScore: smallest score of a face, 0 to 1; null for 0.6. */
  constructor(model, minScore = null) {
    if (!OUTPUTS.every((name) => model.outputs.includes(name))) {
      throw Error(`${model.name}: no YuNet, its outputs are ${model.outputs.slice(0, 4).join(', ')}, ...`);
    }
    this.#model = model;
    this.minScore = Math.fround(minScore ?? MIN_SCORE); // scores have single precision
  }

  /** Faces of a picture, the best first: { box, score }. */
  async find(picture) {
    const lengths = this.#model.inputs[0].shape.slice(2);
    const fixed = lengths.every((length) => typeof length === 'number') ? lengths : null;
    const { picture: small, factor } = shrink(picture, fixed ? Math.min(...fixed) : SIDE);
    const [height, width] = fixed ?? [small.height, small.width].map((length) => Math.ceil(length / 32) * 32);
    const entry = { type: 'float32', data: toInput(small, width, height), dims: [1, 3, height, width] };
    const outputs = await this.#model.run(entry, OUTPUTS);
    const found = STRIDES.flatMap((stride) => decode(outputs, stride, width, this.minScore))
      .filter(({ box }) => box[2] > 0 && box[3] > 0 && box[0] < small.width && box[1] < small.height);
    return suppress(found).map(({ box, score }) => ({ box: box.map((side) => factor * side), score }));
  }
}

/** Planes of blue, green and red, with zeros at the right and at the bottom. */
function toInput({ width: columns, height: rows, channels, data }, width, height) {
  const input = new Float32Array(3 * height * width);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < rows; y++) {
      const begin = (plane * height + y) * width;
      for (let x = 0; x < columns; x++) input[begin + x] = data[(y * columns + x) * channels + 2 - plane];
    }
  }
  return input;
}

/** The sure cells of a grid: { box, score }. */
function decode(outputs, stride, width, minScore) {
  const [kind, obj, raw] = ['cls', 'obj', 'bbox'].map((name) => outputs[`${name}_${stride}`].data);
  const columns = Math.floor(width / stride);
  const found = [];
  for (let i = 0; i < kind.length; i++) {
    const score = Math.fround(Math.sqrt(Math.fround(clip(kind[i]) * clip(obj[i]))));
    if (score >= minScore) {
      const [dx, dy, wide, high] = raw.subarray(4 * i, 4 * i + 4);
      const x = ((i % columns) + dx) * stride;
      const y = (Math.floor(i / columns) + dy) * stride;
      const [w, h] = [wide, high].map((value) => (Math.fround(Math.exp(value)) * stride) / 2);
      found.push({ box: [x - w, y - h, x + w, y + h], score });
    }
  }
  return found;
}

/** The faces, best first, that overlap no better one. */
function suppress(found) {
  const kept = [];
  for (const face of [...found].sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => overlap(face.box, better.box) <= OVERLAP)) kept.push(face);
  }
  return kept;
}

function clip(value) {
  return Math.min(Math.max(value, 0), 1);
}
