/** Comparing messages so that a failure shows where they part, not a list of a thousand numbers. */
import assert from 'node:assert/strict';

const AROUND = 40;

export function assertOctets(actual: Buffer | undefined, expected: Buffer, what: string): void {
  if (actual?.equals(expected)) return;
  if (actual === undefined) assert.fail(`${what}: nothing came`);
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const near = (bytes: Buffer): string =>
    JSON.stringify(bytes.subarray(Math.max(0, at - AROUND), at + AROUND).toString('latin1'));
  assert.fail(
    `${what}: ${actual.length} octets instead of ${expected.length}, different from ${at} on: ` +
      `${near(actual)} instead of ${near(expected)}`,
  );
}
