/** What a run asked for, as the domain is to do it. */
import { isAscii } from 'node:buffer';
import { invariant } from '../base/invariant.ts';
import {
  type Copy,
  type Delivery,
  type Departure,
  type Disposition,
  implicitKeep,
  type NewMemory,
} from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import type {
  FileEffect,
  NotifyEffect,
  RedirectEffect,
  RejectEffect,
  SeenId,
  VacationEffect,
} from '../sieve/effects.ts';
import type { Failure, Outcome } from '../sieve/run/interpreter.ts';
import { entryOf } from './entry.ts';
import { Forms } from './forms.ts';
import { repliedKey, seenKey, TOLD_KEY } from './memory-keys.ts';
import { failureNotice } from './notice.ts';
import { placeOf } from './place.ts';
import { notified, passedOn, refused, replied, type Sending } from './sending.ts';

export interface CarryingOut {
  readonly store: Pick<Domain, 'store'>;
  readonly delivery: Delivery;
  readonly memories: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly hostname: string;
  /** Undefined where nothing is sent. */
  readonly sending: Sending | undefined;
  /** What cannot be sent on stays where it is; absent: it is kept. */
  readonly onLeftBehind?: () => void;
}

/** The owner is told once in so long. */
const TELL_MS = 24 * 60 * 60_000;

export async function dispositionOf(outcome: Outcome, about: CarryingOut): Promise<Disposition> {
  const { delivery, nowMs, memories } = about;
  const forms = new Forms(about.store, delivery);
  try {
    const wanted = await wantedBy(outcome, forms, about);
    const isTold = outcome.failures.length === 0 || (memories.get(TOLD_KEY) ?? 0) > nowMs;
    if (!isTold) {
      wanted.copies.push(await noticeCopy(outcome.failures, forms, about));
      wanted.memories.push({ key: TOLD_KEY, untilMs: nowMs + TELL_MS, mustBeNew: true });
    }
    const note = entryOf(delivery, outcome);
    return { ...wanted, ...(note !== undefined && { note }), end: () => forms.end() };
  } catch (error) {
    forms.end();
    throw error;
  }
}

interface Wanted {
  readonly copies: Copy[];
  readonly departures: Departure[];
  readonly memories: NewMemory[];
  refusal?: string;
}

async function wantedBy(outcome: Outcome, forms: Forms, about: CarryingOut): Promise<Wanted> {
  const wanted: Wanted = { copies: [], departures: [], memories: [] };
  let isLeftBehind = false;
  for (const effect of outcome.effects) {
    switch (effect.kind) {
      case 'keep':
      case 'fileinto':
        wanted.copies.push(await copyOf(effect, forms, about.delivery));
        break;
      case 'reject':
      case 'ereject':
        if (!(await writeBack(effect, wanted, forms, about))) wanted.refusal = effect.reason;
        break;
      case 'discard':
        break;
      default:
        if (!(await send(effect, wanted, forms, about))) isLeftBehind = true;
    }
  }
  // What is refused has not come: it may be brought again, and is no duplicate then (RFC 7352 §3).
  if (wanted.refusal === undefined)
    wanted.memories.push(...outcome.seen.map((seen) => memoryOf(seen, about)));
  // What cannot be sent on is kept: no script loses mail.
  if (isLeftBehind && about.onLeftBehind !== undefined) about.onLeftBehind();
  else if (isLeftBehind && wanted.copies.length === 0)
    wanted.copies.push(...implicitKeep(about.delivery).copies);
  return wanted;
}

/**
 * RFC 5429 §2.2: words that no reply can carry go in a message of their own, provided that it reaches who has written. False: the
 * refusal is the reply.
 */
async function writeBack(
  effect: RejectEffect,
  { departures }: Wanted,
  forms: Forms,
  { delivery, sending, nowMs, hostname }: CarryingOut,
): Promise<boolean> {
  const { isJunk, isAuthentic, envelopeFrom } = delivery;
  if (effect.kind !== 'reject' || isAscii(Buffer.from(effect.reason)) || isJunk) return false;
  if (sending === undefined || isAuthentic !== true || envelopeFrom === '') return false;
  departures.push((await refused(effect, { delivery, forms, sending, nowMs, hostname })).departure);
  return true;
}

/** False: it cannot be passed on. */
async function send(
  effect: RedirectEffect | VacationEffect | NotifyEffect,
  { copies, departures, memories }: Wanted,
  forms: Forms,
  { delivery, sending, nowMs, hostname }: CarryingOut,
): Promise<boolean> {
  invariant(sending !== undefined, 'a script that sends was taken where nothing is sent');
  const about = { delivery, forms, sending, nowMs, hostname };
  const sent =
    effect.kind === 'redirect'
      ? await passedOn(effect, about)
      : effect.kind === 'vacation'
        ? await replied(effect, about)
        : await notified(effect, about);
  if (sent === undefined) return false;
  departures.push(sent.departure);
  if (sent.copy !== undefined) copies.push(sent.copy);
  if (effect.kind === 'vacation') {
    const { seconds } = effect.memory;
    memories.push({ key: repliedKey(effect.memory), untilMs: nowMs + 1000 * seconds, mustBeNew: true });
  }
  return true;
}

/** What nobody has decided about goes where mail without rules would go. */
async function copyOf(
  { target, edition, isImplicit }: FileEffect,
  forms: Forms,
  delivery: Delivery,
): Promise<Copy> {
  const form = await forms.of(edition);
  const place = placeOf(target);
  const [plain] = implicitKeep(delivery).copies;
  const set =
    isImplicit && plain !== undefined
      ? { mailbox: plain.mailbox, ...(plain.makes && { makes: plain.makes }) }
      : {};
  const keywords = isImplicit ? [...place.keywords, ...(plain?.keywords ?? [])] : place.keywords;
  return { ...place, ...set, keywords: [...new Set(keywords)], ...(form !== undefined && { form }) };
}

/** A message whose id was not known when the script asked must still be the first. */
function memoryOf({ handle, id, seconds, isRenewed }: SeenId, { memories, nowMs }: CarryingOut): NewMemory {
  const key = seenKey(handle, id);
  const until = memories.get(key) ?? 0;
  const isKnown = until > nowMs;
  const untilMs = isKnown && !isRenewed ? until : nowMs + 1000 * seconds;
  return { key, untilMs, mustBeNew: !isKnown };
}

async function noticeCopy(failures: readonly Failure[], forms: Forms, about: CarryingOut): Promise<Copy> {
  const { delivery, hostname, nowMs } = about;
  const { id, record } = delivery.account;
  const octets = failureNotice({ hostname, nowMs, to: record.address, id: `${id}.${nowMs}`, failures });
  return { mailbox: 'INBOX', flags: 0, keywords: [], form: await forms.written(octets) };
}
