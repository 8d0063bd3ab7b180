// The picture in which faces are searched: Pillow's resize with the filter BOX and a reducing gap of 2, bit by bit.
import { round } from './numbers.js';
import { BOX, resize } from './resize.js';

const GAP = 2;

/** Shrink a picture until its longer side has at most `side` pixels: { picture, factor } to the old coordinates. */
export function shrink(picture, side) {
  const factor = Math.max(picture.width, picture.height) / side;
  if (factor <= 1) return { picture, factor: 1 };
  const width = Math.max(1, round(picture.width / factor));
  const height = Math.max(1, round(picture.height / factor));
  const across = Math.trunc(picture.width / width / GAP) || 1;
  const down = Math.trunc(picture.height / height / GAP) || 1;
  const small = across > 1 || down > 1 ? reduce(picture, across, down) : picture;
  return { picture: resize(small, width, height, BOX, picture.width / across, picture.height / down), factor };
}

/** Means of blocks of pixels, in integers (Pillow's Reduce.c); those at the right and bottom border may be smaller. */
export function reduce(picture, across, down) {
  const { width, height, channels, data } = picture;
  const kept = Math.min(channels, 3);
  const small = { width: Math.ceil(width / across), height: Math.ceil(height / down), channels: kept };
  small.data = new Uint8ClampedArray(small.width * small.height * kept);
  let target = 0;
  for (let top = 0; top < height; top += down) {
    const bottom = Math.min(top + down, height);
    for (let left = 0; left < width; left += across) {
      const right = Math.min(left + across, width);
      const area = (bottom - top) * (right - left);
      // 2 ** 24 / area, as Pillow divides: in single precision
      const inverse = Math.trunc(Math.fround(2 ** 32 / Math.fround(256 * area)));
      for (let channel = 0; channel < kept; channel++) {
        let sum = area >> 1;
        for (let y = top; y < bottom; y++) {
          const end = (y * width + right) * channels;
          for (let at = (y * width + left) * channels + channel; at < end; at += channels) sum += data[at];
        }
        small.data[target++] = Math.imul(sum, inverse) >>> 24;
      }
    }
  }
  return small;
}
