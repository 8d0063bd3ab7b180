// Pillow's resize of pictures with 8 bits a channel, to the last bit: two passes with weights of 22 bits (Resample.c).
//
// A picture is { width, height, channels, data }: rows of pixels, the channels of a pixel side by side. Of four
// channels the last one, alpha, is not read.

const BITS = 22;

/** Mean of the area of an output pixel. */
export const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Linear interpolation; over the area of two output pixels where the picture shrinks. */
export const BILINEAR = { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/**
 * Resize a picture.
 *
 * right, bottom: end of the part that is resized, in pixels, which may be fractions; it begins at 0, 0.
 */
export function resize(picture, width, height, filter, right = picture.width, bottom = picture.height) {
  const rows = (before) => pass(before, width, right, filter, false);
  const columns = (before) => pass(before, height, bottom, filter, true);
  const shorter = picture.height - height;
  // Pillow 13 starts with the columns where that is quicker, which squares and most pictures are not.
  const columnsFirst = shorter > 0 && shorter > 2 * (picture.width - width);
  return columnsFirst ? rows(columns(picture)) : columns(rows(picture));
}

/** Resize the rows of a picture to a length in pixels, or its columns. */
function pass(picture, length, end, filter, vertical) {
  const { width, height, channels, data } = picture;
  const kept = Math.min(channels, 3);
  const result = { width: vertical ? width : length, height: vertical ? length : height, channels: kept };
  result.data = new Uint8ClampedArray(result.width * result.height * kept);
  const [lines, before] = vertical ? [width, height] : [height, width];
  const [step, lineStep] = vertical ? [width * channels, channels] : [channels, width * channels];
  const [target, lineTarget] = vertical ? [width * kept, kept] : [kept, length * kept];
  weightsOf(before, length, end, filter).forEach(({ first, weights }, i) => {
    for (let line = 0; line < lines; line++) {
      for (let channel = 0; channel < kept; channel++) {
        let sum = 1 << (BITS - 1);
        let at = line * lineStep + first * step + channel;
        for (let k = 0; k < weights.length; k++, at += step) sum += data[at] * weights[k];
        result.data[line * lineTarget + i * target + channel] = sum >> BITS;
      }
    }
  });
  return result;
}

/** For each output pixel, its first input pixel and the integer weights of that one and its successors. */
function weightsOf(length, size, end, filter) {
  const scale = Math.fround(end) / size; // Pillow holds the end in single precision
  const stretch = Math.max(scale, 1);
  const reach = filter.support * stretch;
  return Array.from({ length: size }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(length, Math.trunc(centre + reach + 0.5)) - first;
    const raw = Array.from({ length: count }, (_, k) => filter.weight((k + first - centre + 0.5) * (1 / stretch)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: Int32Array.from(raw, (weight) => Math.trunc(0.5 + (weight / sum) * 2 ** BITS)) };
  });
}
