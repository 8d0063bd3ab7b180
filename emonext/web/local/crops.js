// Square crops of faces, the same pixels as emonext/crops.py.
import { round } from './numbers.js';
import { BILINEAR, BOX, resize } from './resize.js';

/**
 * Cut out a region and resize it: by the mean of areas where it shrinks, bilinearly where it grows. The border is
 * repeated where the region leaves the picture.
 *
 * size: side of the result in pixels; channels: 1 for grey, 3 for RGB; part: of the region's sides that is shown.
 *
 * Returns the values in the order of the model: channel, row, column.
 */
export function cropFace(picture, [left, top, right, bottom], size, channels = 1, part = 1) {
  const rows = indices(top, bottom, part, picture.height);
  const columns = indices(left, right, part, picture.width);
  const shrinks = Math.min(rows.length, columns.length) >= size;
  const face = resize(cutOut(picture, rows, columns, channels), size, size, shrinks ? BOX : BILINEAR);
  return planes(face);
}

/** Rows or columns of a region, those beyond the border replaced by the border. */
function indices(low, high, part, length) {
  const side = Math.max(1, round((high - low) * part));
  const start = round((low + high) / 2 - side / 2);
  return Int32Array.from({ length: side }, (_, i) => Math.min(Math.max(start + i, 0), length - 1));
}

function cutOut(picture, rows, columns, channels) {
  const { width, channels: stride, data } = picture;
  const region = { width: columns.length, height: rows.length, channels };
  region.data = new Uint8ClampedArray(rows.length * columns.length * channels);
  let target = 0;
  for (const y of rows) {
    for (const x of columns) {
      const at = (y * width + x) * stride;
      if (channels === 1) {
        region.data[target++] = grey(data[at], data[at + 1], data[at + 2]);
      } else {
        for (let channel = 0; channel < 3; channel++) region.data[target++] = data[at + channel];
      }
    }
  }
  return region;
}

/** ITU-R 601 in integers, as Pillow converts RGB to L. */
function grey(red, green, blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function planes({ channels, data }) {
  const area = data.length / channels;
  return Uint8Array.from(data, (_, i) => data[(i % area) * channels + Math.trunc(i / area)]);
}
