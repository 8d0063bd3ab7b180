// Persons before a camera: tracks by overlap, probabilities smoothed over time. The rules of emonext/tracks.py.
import { overlap } from './boxes.js';

const OVERLAP = 0.3; // smallest intersection over union of a face and its box in the last frame that showed it
const PATIENCE = 1; // seconds without a face until a track ends

/** Greedy tracking by intersection over union; the pair with the largest overlap is matched first. */
export class Tracker {
  #last = new Map(); // box and time by track
  #before = 0;
  #count = 0;

  /** Track of each box of a frame at a time in seconds. */
  update(boxes, time) {
    const oldest = Math.min(this.#before, time - PATIENCE);
    for (const [track, { seen }] of this.#last) if (seen < oldest) this.#last.delete(track);
    this.#before = time;
    const tracks = new Array(boxes.length).fill(null);
    const taken = new Set();
    for (const { track, i } of this.#pairs(boxes)) {
      if (tracks[i] === null && !taken.has(track)) {
        tracks[i] = track;
        taken.add(track);
      }
    }
    boxes.forEach((box, i) => {
      tracks[i] ??= this.#count++;
      this.#last.set(tracks[i], { box, seen: time });
    });
    return tracks;
  }

  /** Tracks that the next face may belong to. */
  get living() {
    return new Set(this.#last.keys());
  }

  /** Pairs of a track and a face, the largest overlap first; of equal ones the older track, then the last face. */
  #pairs(boxes) {
    const pairs = [];
    for (const [track, { box: last }] of this.#last) {
      boxes.forEach((box, i) => pairs.push({ common: overlap(box, last), track, i }));
    }
    return pairs.filter(({ common }) => common >= OVERLAP)
      .sort((one, other) => other.common - one.common || one.track - other.track || other.i - one.i);
  }
}

/** Exponential mean of probabilities over time: the weight of the past halves with every `halfLife` seconds. */
export class Smoother {
  #means = new Map(); // mean and time by track

  constructor(halfLife) {
    this.halfLife = halfLife;
  }

  /** Mean of a track with its probabilities at a time in seconds. */
  update(track, probabilities, time) {
    const known = this.#means.get(track);
    let mean = probabilities;
    if (this.halfLife > 0 && known) {
      const weight = 2 ** (-Math.max(0, time - known.time) / this.halfLife);
      mean = probabilities.map((value, i) => weight * known.mean[i] + (1 - weight) * value);
    }
    this.#means.set(track, { mean, time });
    return mean;
  }

  /** Drop all other tracks, which have ended. */
  keep(tracks) {
    for (const track of this.#means.keys()) if (!tracks.has(track)) this.#means.delete(track);
  }
}
