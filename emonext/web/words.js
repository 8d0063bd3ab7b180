// Results in words.

/** A part of one as a whole percentage. */
export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

/** A number and its noun, such as "2 faces". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Name of a face: that of its track, or its index among the faces of a picture. */
export function nameOf(face, index) {
  return typeof face.track === 'number' ? `Person ${face.track + 1}` : `Face ${index + 1}`;
}

/** One picture in one line. */
export function describe({ faces }) {
  if (!faces.length) return 'No face was found.';
  const named = faces.slice(0, 4).map((face) => `${face.label} ${percent(face.score)}`).join(', ');
  return `${count(faces.length, 'face')}: ${named}${faces.length > 4 ? ', …' : ''}`;
}

/** Several pictures in one line; results has null for a picture that failed. */
export function describeAll(results) {
  const faces = results.flatMap((result) => result?.faces ?? []);
  const labels = new Map();
  for (const { label } of faces) labels.set(label, (labels.get(label) ?? 0) + 1);
  const common = [...labels].sort((one, other) => other[1] - one[1]).map(([label, number]) => `${number} ${label}`);
  const failed = results.filter((result) => result === null).length;
  return `${count(results.length, 'picture')}, ${count(faces.length, 'face')}`
    + (common.length ? `: ${common.join(', ')}` : '') + (failed ? `; ${failed} failed` : '');
}

/** A frame of the camera, without numbers, which change too often to be read aloud. */
export function describeFrame({ faces }) {
  return faces.map((face, i) => `${nameOf(face, i)}: ${face.label}`).join(', ') || 'Nobody is in the picture.';
}
