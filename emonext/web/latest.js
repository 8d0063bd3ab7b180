/** A function that starts some work, or starts it once more after its end where it runs: the last call counts. */
export function latest(work) {
  let [runs, again] = [false, false];
  return async () => {
    again = true;
    if (runs) return;
    runs = true;
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      runs = false;
    }
  };
}
