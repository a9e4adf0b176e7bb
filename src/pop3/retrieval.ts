/**
 * RETR and TOP (RFC 1939 §5, §7): the octets of one message, in the form that this session gets it in (`sent-form.ts`) and
 * with dots doubled, streamed as fast as the client takes them and no faster. What TOP counts are lines of that form
 * (RFC 6858 §4).
 *
 * Once `+OK` has left there is no way to refuse: a failure of storage then ends the connection, so that the client does
 * not keep half a message for a whole one.
 */
import { CRLF } from '../base/bytes.ts';
import { isPlainHeader } from '../mail/traits.ts';
import { StreamClosed } from '../net/stream.ts';
import { type Call, command, type DialogueContext, type Transaction } from './command.ts';
import { Mistake, Refusal } from './faults.ts';
import { indexOf } from './message-number.ts';
import { SMALL_BYTES, type StoredMessage } from './reader.ts';
import { needsSurrogate, SentForm } from './sent-form.ts';
import { Stuffer, TERMINATOR } from './stuffing.ts';
import { TopCutter } from './top.ts';
import { parseNumber, wordsOf } from './wire.ts';

const TRANSACTION = Object.freeze(['transaction'] as const);

export const retr = command(TRANSACTION, async (call) => {
  const [number, ...more] = wordsOf(call.argument);
  if (number === undefined || more.length > 0) throw new Mistake((texts) => texts.usage('RETR message'));
  const { maildrop, seen } = call.state;
  const index = indexOf(maildrop, number);
  await send(call, index, call.session.texts.octets(maildrop.octetsOf(index)), undefined);
  seen?.add(maildrop.uidOf(index));
});

export const top = command(TRANSACTION, async (call) => {
  const [number, count, ...more] = wordsOf(call.argument);
  const lines = count === undefined ? undefined : parseNumber(count);
  if (number === undefined || lines === undefined || more.length > 0) {
    throw new Mistake((texts) => texts.usage('TOP message lines'));
  }
  const index = indexOf(call.state.maildrop, number);
  await send(call, index, call.session.texts.top(), new TopCutter(lines));
});

async function send(
  { session, state }: Call<'transaction'>,
  index: number,
  reply: string,
  cutter: TopCutter | undefined,
): Promise<void> {
  const { reader } = state;
  const message = await reader.locate(index);
  if (message === undefined) throw new Refusal((texts) => texts.movedAway(index + 1));
  const small = message.sizeBytes <= SMALL_BYTES ? await reader.read(index, message) : undefined;
  const form = new SentForm(message.traits, await headersToRewrite(state, message, small));
  const writer = new MessageWriter(session, form, cutter);
  let isBegun = false;
  try {
    for await (const piece of small === undefined ? reader.stream(message) : [small]) {
      if (!isBegun) session.ok(reply);
      isBegun = true;
      for (const slice of form.slices(piece)) {
        writer.write(slice);
        if (cutter?.isDone) break;
        if (slice !== small) await session.breathe();
      }
      if (cutter?.isDone) break;
    }
  } catch (error) {
    if (isBegun) throw new StreamClosed('a message could not be sent to its end', { cause: error });
    throw error;
  }
  writer.end();
}

/** `octets` are the whole message, if they are at hand: then they can tell, too, that there is nothing to rewrite. */
function headersToRewrite({ maildrop, reader }: Transaction, message: StoredMessage, octets?: Buffer) {
  if (!needsSurrogate(message.traits, maildrop.isUtf8)) return undefined;
  if (octets !== undefined && isPlainHeader(octets)) return undefined;
  return reader.headersOf([message]).then(([headers]) => headers);
}

/** Stored octets in, the reply's octets out. */
class MessageWriter {
  readonly #session: DialogueContext;
  readonly #form: SentForm;
  readonly #cutter: TopCutter | undefined;
  readonly #stuffer = new Stuffer();

  constructor(session: DialogueContext, form: SentForm, cutter: TopCutter | undefined) {
    this.#session = session;
    this.#form = form;
    this.#cutter = cutter;
  }

  write(stored: Buffer): void {
    const out: Buffer[] = [];
    for (const piece of this.#form.convert(stored)) this.#push(piece, out);
    this.#session.octets(out);
  }

  end(): void {
    const out: Buffer[] = [];
    for (const piece of this.#form.end()) this.#push(piece, out);
    // Octets that stand in for lost ones may end anywhere; the client must find the end all the same.
    if (!this.#stuffer.isLineStart) out.push(CRLF);
    out.push(TERMINATOR);
    this.#session.octets(out);
  }

  #push(piece: Buffer, out: Buffer[]): void {
    this.#stuffer.push(this.#cutter === undefined ? piece : this.#cutter.cut(piece), out);
  }
}
