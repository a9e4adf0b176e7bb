/**
 * The thread that makes segments of the index of texts: it gets octets of emails, in ascending order, and gives back a segment of their
 * words. It reads nothing by itself.
 */
import { parentPort } from 'node:worker_threads';
import { decodeParts } from '../../mail/part-codec.ts';
import { SegmentWriter } from '../text-index/segment-writer.ts';
import { WordReader } from '../text-index/words.ts';
import { type MessageOctets, type TextSink, type TextSource, TextWalk } from './text-walk.ts';

/** Stretches of an email: of all that are not here nothing is known. */
export interface EmailOctets {
  readonly email: number;
  /** As they are stored, see `mail/part-codec.ts`; undefined when it could not be read, and has to be looked at. */
  readonly parts: Uint8Array | undefined;
  readonly stretches: readonly { readonly start: number; readonly octets: Uint8Array }[];
}

export type IndexJob =
  | { readonly kind: 'emails'; readonly emails: readonly EmailOctets[] }
  | { readonly kind: 'end' }
  /** What was given since the last end is forgotten. */
  | { readonly kind: 'forget' };

export type IndexAnswer =
  /** `weight`: see `SegmentWriter`. */
  | { readonly kind: 'taken'; readonly weight: number }
  | { readonly kind: 'segment'; readonly octets: Uint8Array };

/** Without a wait: nothing else runs here. */
const NEVER = (): undefined => undefined;

class Words implements TextSink {
  readonly isOver = false;
  readonly #writer: SegmentWriter;
  #source: TextSource = 'text';
  readonly #reader = new WordReader((word) =>
    this.#writer.add(this.#source === 'field' ? 'fields' : 'body', word),
  );

  constructor(writer: SegmentWriter) {
    this.#writer = writer;
  }

  wants(): boolean {
    return true;
  }

  begin(source: TextSource): void {
    this.#reader.end();
    this.#source = source;
  }

  feed(piece: string): undefined {
    this.#reader.write(piece);
  }

  end(): void {
    this.#reader.end();
  }
}

/** Reads from the stretches; says so when something else is asked for. */
class Stretches implements MessageOctets {
  isWhole = true;
  readonly #stretches: EmailOctets['stretches'];

  constructor({ stretches }: EmailOctets) {
    this.#stretches = stretches;
  }

  header(start: number, end: number): Buffer | undefined {
    return this.#read(start, end);
  }

  body(start: number, end: number): readonly Buffer[] {
    const octets = this.#read(start, end);
    return octets === undefined ? [] : [octets];
  }

  #read(start: number, end: number): Buffer | undefined {
    for (const { start: first, octets } of this.#stretches) {
      if (start < first || end > first + octets.length) continue;
      return Buffer.from(octets.buffer, octets.byteOffset + start - first, end - start);
    }
    if (start === end) return Buffer.alloc(0);
    this.isWhole = false;
    return undefined;
  }
}

let writer = new SegmentWriter();

async function take(email: EmailOctets): Promise<void> {
  writer.begin(email.email);
  const octets = new Stretches(email);
  const words = new Words(writer);
  if (email.parts === undefined) {
    writer.markUnsure();
    return;
  }
  await new TextWalk(octets, words, NEVER).part(decodeParts(email.parts));
  words.end();
  if (!octets.isWhole) writer.markUnsure();
}

async function answer(job: IndexJob): Promise<void> {
  if (job.kind === 'forget') {
    writer = new SegmentWriter();
    return;
  }
  if (job.kind === 'emails') {
    for (const email of job.emails) await take(email);
    reply({ kind: 'taken', weight: writer.weight });
    return;
  }
  const octets = new Uint8Array(writer.end());
  writer = new SegmentWriter();
  reply({ kind: 'segment', octets }, [octets.buffer]);
}

function reply(message: IndexAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

/** One job after the other, in the order in which they came. */
let last = Promise.resolve();
parentPort?.on('message', (job: IndexJob) => {
  last = last.then(() => answer(job));
});
