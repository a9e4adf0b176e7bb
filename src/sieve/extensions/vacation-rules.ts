/**
 * To whom no reply is sent (RFC 5230 §4.5-4.6, RFC 3834 §2): programs, lists, ourselves, and who did not write to the owner. A reply too
 * few is a pity; one too many is a loop, or tells a list of thousands that somebody is on the beach.
 */
import { localParts } from '../../mail/subaddress.ts';
import type { Envelope } from '../environment.ts';
import { addressesIn, fieldText, rawFields, readAddress, wholeAddress } from '../message/fields.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';

const LIST_FIELDS: readonly string[] = [
  'list-id',
  'list-post',
  'list-unsubscribe',
  'list-subscribe',
  'list-help',
  'list-owner',
  'list-archive',
];
const RECIPIENT_FIELDS: readonly string[] = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc'];
const PROGRAM =
  /^(?:mailer-daemon|postmaster|listserv|listproc|majordomo|owner-.*|.*-owner|.*-request|.*-bounces|bounces?[+-].*|(?:do-?not-?|no-?)reply.*)$/i;

export function* whyNoReply(
  run: Run,
  envelope: Envelope,
  others: readonly string[],
): Steps<string | undefined> {
  const { environment, message } = run;
  const own = new Set([...environment.addresses, ...others].map((one) => one.toLowerCase()));
  const first = (name: string): string => {
    const [raw] = rawFields(message.header, name);
    return raw === undefined ? '' : fieldText(raw).toLowerCase();
  };
  if (envelope.from === '') return 'the message has no sender to answer to';
  const sender = readAddress(envelope.from);
  if (sender === undefined) return `"${envelope.from}" is no address to answer to`;
  if (PROGRAM.test(sender.local)) return `${envelope.from} is a program`;
  if (own.has(wholeAddress(sender).toLowerCase())) return `${envelope.from} is the owner's own address`;
  const list = LIST_FIELDS.find((name) => rawFields(message.header, name).length > 0);
  if (list !== undefined) return `the message comes from a list: it has ${list}`;
  const precedence = first('precedence');
  if (['bulk', 'list', 'junk'].includes(precedence)) return `its precedence is ${precedence}`;
  const automatic = first('auto-submitted');
  if (automatic !== '' && !/^no\b/.test(automatic)) return 'a program has sent it (Auto-Submitted)';
  // Exchange and what talks to it say so in a field of their own.
  if (/\b(?:all|oof|autoreply)\b/.test(first('x-auto-response-suppress')))
    return 'its sender wants no automatic replies';
  if (environment.verdict.isJunk === true) return 'it is junk';
  if (!(yield* isAddressed(run, own))) return "none of the owner's addresses is in To, Cc or Bcc";
  return undefined;
}

/** The owner's addresses, those with details too. */
function* isAddressed({ environment, message, budget }: Run, own: ReadonlySet<string>): Steps<boolean> {
  for (const name of RECIPIENT_FIELDS) {
    for (const raw of rawFields(message.header, name)) {
      budget.look(raw.length);
      for (const address of yield* addressesIn(raw)) {
        const { local, domain } = address;
        const { user } = localParts(local, environment.detailSeparators);
        const plain = wholeAddress({ local: user, domain });
        if (own.has(wholeAddress(address).toLowerCase()) || own.has(plain.toLowerCase())) return true;
      }
    }
  }
  return false;
}
