/** One message in the log of rules: what it was, and what became of it at whose word. Lines of JSON with a bound. */
import type { Delivery } from '../mailbox/disposition.ts';
import { explainOutcome } from '../sieve/explain.ts';
import type { Outcome } from '../sieve/run/interpreter.ts';

export interface Entry {
  readonly from: string;
  readonly to: string;
  readonly messageId?: string;
  readonly subject: string;
  readonly did: readonly string[];
}

const MAX_ADDRESS = 320;
const MAX_TEXT = 200;
const MAX_SENTENCES = 12;

/** Undefined when there is nothing to say: the message is in INBOX as if there were no rules. */
export function entryOf({ address, envelopeFrom, message }: Delivery, outcome: Outcome): string | undefined {
  if (isPlain(outcome)) return undefined;
  const { messageId, subject } = message.facts;
  const entry: Entry = {
    from: envelopeFrom.slice(0, MAX_ADDRESS),
    to: address.slice(0, MAX_ADDRESS),
    ...(messageId !== undefined && { messageId: messageId.slice(0, MAX_TEXT) }),
    subject: subject.slice(0, MAX_TEXT),
    did: explainOutcome(outcome, message.header.bytes)
      .slice(0, MAX_SENTENCES)
      .map((sentence) => sentence.slice(0, MAX_TEXT)),
  };
  return JSON.stringify(entry);
}

/** As `entryOf` made it; undefined for what another version may have made. */
export function readEntry(text: string): Entry | undefined {
  try {
    const { from, to, messageId, subject, did } = JSON.parse(text) as Entry;
    const sentences = Array.isArray(did) ? did.map(String) : [];
    return {
      from: String(from),
      to: String(to),
      subject: String(subject),
      did: sentences,
      ...(messageId !== undefined && { messageId }),
    };
  } catch {
    return undefined;
  }
}

function isPlain({ effects, notes, failures }: Outcome): boolean {
  const [only, ...more] = effects;
  if (only === undefined || more.length > 0 || notes.length > 0 || failures.length > 0) return false;
  return (
    only.kind === 'keep' && only.isImplicit && only.edition === undefined && only.target.flags.length === 0
  );
}
