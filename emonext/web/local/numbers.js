// Python's rounding.

/** Nearest integer; of two that are equally near, the even one. */
export function round(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}
