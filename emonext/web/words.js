// Results in words.

export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

/** A result in one line. */
export function describe({ faces }) {
  if (!faces.length) return 'No face was found.';
  const named = faces.slice(0, 5).map((face) => `${face.label} ${percent(face.score)}`).join(', ');
  const count = faces.length === 1 ? '1 face' : `${faces.length} faces`;
  return `${count}: ${named}${faces.length > 5 ? ', …' : ''}`;
}
