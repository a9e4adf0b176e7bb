/** Bytes on their way in. Small ones stay in memory, large ones go to a file as they come. */
export interface Staging {
  /** Back-pressure: await the result when it is a promise. The chunk is copied or written; it may be reused. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Large bytes are synced when this resolves; small ones become durable with the batch that uses them. */
  finish(): Promise<StagedBlob>;
  /** Gives up; safe to call at any moment, also after finish (then the bytes are never referenced). */
  abort(): void;
}

export interface StagedBlob {
  readonly sizeBytes: number;
  /** Octets of it, `to` exclusive; until it is given up. At once when they are in memory. */
  read(from: number, to: number): Buffer | Promise<Buffer>;
}
