/** Pictures that were fetched lately, as many as fit into a number of octets; what was not looked at for longest goes first. */

export interface Picture {
  readonly type: string;
  readonly octets: Buffer;
}

export class KeptPictures {
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #pictures = new Map<string, Picture & { readonly untilMs: number }>();
  #bytes = 0;

  constructor({ maxBytes, maxAgeMs }: { readonly maxBytes: number; readonly maxAgeMs: number }) {
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(key: string, nowMs: number): Picture | undefined {
    const kept = this.#pictures.get(key);
    if (kept === undefined) return undefined;
    this.#drop(key);
    if (kept.untilMs <= nowMs) return undefined;
    this.#put(key, kept);
    return kept;
  }

  keep(key: string, { type, octets }: Picture, nowMs: number): void {
    this.#drop(key);
    if (octets.length > this.#maxBytes) return;
    this.#put(key, { type, octets, untilMs: nowMs + this.#maxAgeMs });
    for (const oldest of this.#pictures.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  #put(key: string, picture: Picture & { readonly untilMs: number }): void {
    this.#pictures.set(key, picture);
    this.#bytes += picture.octets.length;
  }

  #drop(key: string): void {
    this.#bytes -= this.#pictures.get(key)?.octets.length ?? 0;
    this.#pictures.delete(key);
  }
}
