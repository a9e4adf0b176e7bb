/**
 * What is wrong with a script, in words for the person who wrote it, and where: line and column count from 1, a column being a
 * character of the script. The only thing that reading and checking a script throws on purpose.
 */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly place: Place;
  /** Without the place. */
  readonly reason: string;

  constructor(reason: string, place: Place) {
    super(`line ${place.line}, column ${place.column}: ${reason}`);
    this.reason = reason;
    this.place = place;
  }
}
