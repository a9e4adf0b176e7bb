/**
 * RETR and TOP (RFC 1939 §5, §7): the octets of one message, in POP3's form and with dots doubled, streamed as fast as
 * the client takes them and no faster.
 *
 * A message with UTF-8 in its header goes to a client that has not said UTF8 as it is, although RFC 6856 §2.1 would have it
 * rewritten or refused: no program that fetches mail today says UTF8, and a refusal would be a message that never arrives.
 *
 * Once `+OK` has left there is no way to refuse: a failure of storage then ends the connection, so that the client does
 * not keep half a message for a whole one.
 */
import { CRLF } from '../base/bytes.ts';
import { type Call, command, type SessionContext } from './command.ts';
import { Mistake, Refusal } from './faults.ts';
import { indexOf } from './message-number.ts';
import { endingOf, OctetForm } from './octet-form.ts';
import { SMALL_BYTES, type StoredMessage } from './reader.ts';
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
  const writer = new MessageWriter(session, message, cutter);
  if (message.sizeBytes <= SMALL_BYTES) {
    const octets = await reader.read(index, message);
    session.ok(reply);
    writer.write(octets);
  } else {
    session.ok(reply);
    for await (const piece of reader.stream(message)) {
      writer.write(piece);
      if (cutter?.isDone) break;
      await session.breathe();
    }
  }
  writer.end();
}

/** Stored octets in, the reply's octets out. */
class MessageWriter {
  readonly #session: SessionContext;
  readonly #cutter: TopCutter | undefined;
  /** Undefined: the octets are in form as they are, but for this ending. */
  readonly #form: OctetForm | undefined;
  readonly #ending: Buffer | undefined;
  readonly #stuffer = new Stuffer();

  constructor(session: SessionContext, message: StoredMessage, cutter: TopCutter | undefined) {
    this.#session = session;
    this.#cutter = cutter;
    this.#ending = endingOf(message.traits);
    this.#form = this.#ending === undefined ? new OctetForm() : undefined;
  }

  write(stored: Buffer): void {
    const out: Buffer[] = [];
    this.#push(this.#form === undefined ? stored : this.#form.convert(stored), out);
    this.#session.octets(out);
  }

  end(): void {
    const out: Buffer[] = [];
    this.#push(this.#ending ?? (this.#form as OctetForm).end(), out);
    // Octets that stand in for lost ones may end anywhere; the client must find the end all the same.
    if (!this.#stuffer.isLineStart) out.push(CRLF);
    out.push(TERMINATOR);
    this.#session.octets(out);
  }

  #push(piece: Buffer, out: Buffer[]): void {
    this.#stuffer.push(this.#cutter === undefined ? piece : this.#cutter.cut(piece), out);
  }
}
