/** Replies for who is away (RFC 5230, RFC 6131). Whether one is due is decided in `vacation-rules.ts`. */
import { createHash } from 'node:crypto';
import type { Checking, Extension } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import type { ReplyMemory, VacationEffect } from '../effects.ts';
import type { Envelope } from '../environment.ts';
import { fieldText, oneLine, readAddress, wholeAddress } from '../message/fields.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import { answered, type Steps } from '../run/steps.ts';
import { fileCopyOf } from '../run/target.ts';
import { whyNoReply } from './vacation-rules.ts';

const DAY = 86_400;
const MAX_DAYS = 30;
const DEFAULT_DAYS = 7;
/** `:seconds 0` means every time, but two servers that answer each other do so once a minute. */
const MIN_SECONDS = 60;
const FILING: readonly string[] = ['create', 'flags', 'mailboxid', 'specialuse'];

export const VACATION: Extension = {
  rfc: 5230,
  capabilities: ['vacation'],
  commands: [
    {
      name: 'vacation',
      // One implies the other (RFC 6131 §2).
      capabilities: ['vacation', 'vacation-seconds'],
      values: ['string'],
      classes: ['filing', 'fcc'],
      check(checking, { tags }) {
        if (typeof tags.from === 'string' && readAddress(tags.from) === undefined)
          checking.fail(`"${tags.from}" is no mail address`);
        if (tags.days === 0) checking.fail('":days" is 1 at least');
        checkCopy(checking, tags);
      },
      *run(run, node): Steps<void> {
        const { envelope } = run.environment;
        // RFC 6785 §3.5.
        if (envelope === undefined) throw new RunFault('"vacation" where no mail is delivered');
        const effect = yield* replyOf(run, node, envelope);
        const why =
          (yield* whyNoReply(run, envelope, run.texts(node.tags.addresses))) ??
          ((yield* answered(run.environment.memory.hasReplied(effect.memory)))
            ? `${envelope.from} had this reply already`
            : undefined);
        if (why === undefined) run.actions.add(effect);
        else run.note(`no reply is sent: ${why}`);
      },
    },
  ],
  tags: [
    { name: 'days', of: ['vacation'], value: 'number', group: 'time' },
    { name: 'subject', of: ['vacation'], value: 'string' },
    { name: 'from', of: ['vacation'], value: 'string' },
    { name: 'addresses', of: ['vacation'], value: 'strings' },
    { name: 'mime', of: ['vacation'] },
    { name: 'handle', of: ['vacation'], value: 'string' },
  ],
};

export const VACATION_SECONDS: Extension = {
  rfc: 6131,
  capabilities: ['vacation-seconds'],
  tags: [
    { name: 'seconds', of: ['vacation'], capabilities: ['vacation-seconds'], value: 'number', group: 'time' },
  ],
};

/** Says where the copy of what is sent goes, so there must be one (RFC 8580 §3). */
export function checkCopy(checking: Checking, tags: Node['tags']): void {
  const lone = FILING.find((name) => tags[name] !== undefined);
  if (lone !== undefined && tags.fcc === undefined) checking.fail(`":${lone}" without ":fcc"`);
}

function* replyOf(run: Run, node: Node, envelope: Envelope): Steps<VacationEffect> {
  const { tags, values } = node;
  const { header } = run.message;
  const text = (name: string): string | undefined => {
    const raw = header.find(name);
    return raw && fieldText(raw);
  };
  const subject = tags.subject === undefined ? `Auto: ${text('subject') ?? ''}` : run.text(tags.subject);
  const reason = run.text(values[0]);
  const from = fromOf(run, tags);
  const messageId = text('message-id');
  const before = text('references') ?? text('in-reply-to') ?? '';
  const isMime = tags.mime !== undefined;
  const key =
    tags.handle === undefined
      ? [tags.subject === undefined ? '' : subject, from, isMime, reason]
      : [run.text(tags.handle)];
  return {
    kind: 'vacation',
    to: envelope.from,
    from,
    subject: oneLine(subject),
    reason,
    isMime,
    inReplyTo: messageId,
    references: oneLine(`${before} ${messageId ?? ''}`),
    fileCopy: yield* fileCopyOf(run, node),
    memory: {
      key: hashOf(key),
      address: envelope.from.toLowerCase(),
      seconds: secondsOf(tags),
    } satisfies ReplyMemory,
    origin: run.origin,
  };
}

/** Only the owner may be the sender; anything else is left out (RFC 5230 §4.4 lets us). */
function fromOf(run: Run, tags: Node['tags']): string | undefined {
  if (tags.from === undefined) return undefined;
  const text = run.text(tags.from);
  const address = readAddress(text);
  if (address === undefined) throw new RunFault(`"${text.slice(0, 100)}" is no mail address`);
  if (run.environment.addresses.includes(wholeAddress(address).toLowerCase())) return oneLine(text);
  run.note(`"${text}" is not the owner's; the reply comes from the owner's own address`);
  return undefined;
}

function secondsOf({ days, seconds }: Node['tags']): number {
  if (typeof seconds === 'number') return Math.min(Math.max(seconds, MIN_SECONDS), MAX_DAYS * DAY);
  return Math.min(Math.max(typeof days === 'number' ? days : DEFAULT_DAYS, 1), MAX_DAYS) * DAY;
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
