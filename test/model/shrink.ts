/**
 * Makes a failing run small: takes out ever smaller groups of steps as long as what is left fails in the same way.
 */
export async function shrink(
  steps: readonly number[],
  fails: (steps: readonly number[]) => Promise<boolean>,
  mostTries = 2000,
): Promise<readonly number[]> {
  let left = steps;
  let tries = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length && tries < mostTries; ) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      tries++;
      if (without.length > 0 && (await fails(without))) left = without;
      else from += size;
    }
  }
  return left;
}
