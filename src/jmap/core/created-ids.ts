/** Ids of what a request has made, by the ids that its client gave them (RFC 8620 §3.3, §5.3). */
import { MethodError } from './fault.ts';
import type { JsonObject } from './json.ts';

/** So many of them a client may bring along. */
const MOST = 10_000;

export class CreatedIds {
  readonly #ids: Map<string, string>;

  constructor(given: ReadonlyMap<string, string> = new Map()) {
    this.#ids = new Map(given);
  }

  set(creationId: string, id: string): void {
    if (this.#ids.size >= MOST && !this.#ids.has(creationId))
      throw new MethodError('requestTooLarge', 'too many creation ids in one request');
    this.#ids.set(creationId, id);
  }

  get(creationId: string): string | undefined {
    return this.#ids.get(creationId);
  }

  /** The id that is meant: a creation id with `#` before it stands for what it became. Undefined when that was never made. */
  resolve(id: string): string | undefined {
    return id.startsWith('#') ? this.#ids.get(id.slice(1)) : id;
  }

  toObject(): JsonObject {
    return Object.fromEntries(this.#ids);
  }
}
