/**
 * What must be true whatever a client sends. A broken invariant is a bug of ours, never an answer to bad input:
 * it is logged with its stack and counted, and the client learns only that the server failed.
 */
export class Bug extends Error {
  override readonly name = 'Bug';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** The end of an exhaustive switch: a new member of the union does not compile until it has a case. */
export function unreachable(value: never, where: string): never {
  throw new Bug(`${where}: unexpected ${JSON.stringify(value)}`);
}
