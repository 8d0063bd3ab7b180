// Boxes of faces: [left, top, right, bottom] in pixels. The rules of emonext/boxes.py.

const LARGEST = 2; // times the longer side of a picture

/** Refuse a box that cannot be a face of a picture. */
export function checkInside(box, picture) {
  const [left, top, right, bottom] = box;
  const text = `the box ${box.map((side) => Number(side).toPrecision(6) * 1).join(', ')} is`;
  if (!(box.length === 4 && box.every(Number.isFinite) && left < right && top < bottom)) throw Error(`${text} no box`);
  if (left >= picture.width || top >= picture.height || right <= 0 || bottom <= 0) {
    throw Error(`${text} outside the picture, ${picture.width} x ${picture.height} px`);
  }
  if (Math.max(right - left, bottom - top) > LARGEST * Math.max(picture.width, picture.height)) {
    throw Error(`${text} more than ${LARGEST} times as large as the picture, ${picture.width} x ${picture.height} px`);
  }
}

/** The square with the centre and the height of a box, which shows what a face of FER2013 shows. */
export function square([left, top, right, bottom]) {
  const x = (left + right) / 2;
  const half = (bottom - top) / 2;
  return [x - half, top, x + half, bottom];
}

/** The largest square in the middle of a picture. */
export function middle({ width, height }) {
  const side = Math.min(width, height);
  const left = (width - side) / 2;
  const top = (height - side) / 2;
  return [left, top, left + side, top + side];
}

/** Intersection over union of two boxes. */
export function overlap(one, other) {
  const sides = [0, 1].map((i) => Math.min(one[i + 2], other[i + 2]) - Math.max(one[i], other[i]));
  const common = Math.max(0, sides[0]) * Math.max(0, sides[1]);
  const [first, second] = [one, other].map((box) => (box[2] - box[0]) * (box[3] - box[1]));
  return common ? common / (first + second - common) : 0;
}
