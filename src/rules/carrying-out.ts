/** What a run asked for, as the domain is to do it. */
import { parseSystemFlag } from '../mail/flags.ts';
import type { Copy, Delivery, Disposition, NewMemory } from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { FileEffect, SeenId, Target } from '../sieve/effects.ts';
import type { Failure, Outcome } from '../sieve/run/interpreter.ts';
import { entryOf } from './entry.ts';
import { roleOf } from './environment.ts';
import { Forms } from './forms.ts';
import { seenKey, TOLD_KEY } from './memory-keys.ts';
import { failureNotice } from './notice.ts';

export interface CarryingOut {
  readonly store: Pick<Domain, 'store'>;
  readonly delivery: Delivery;
  readonly memories: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly hostname: string;
}

/** The owner is told once in so long. */
const TELL_MS = 24 * 60 * 60_000;

export async function dispositionOf(outcome: Outcome, about: CarryingOut): Promise<Disposition> {
  const { delivery, nowMs, memories } = about;
  const forms = new Forms(about.store, delivery);
  try {
    const copies: Copy[] = [];
    let refusal: string | undefined;
    for (const effect of outcome.effects) {
      if (effect.kind === 'keep' || effect.kind === 'fileinto') copies.push(await copyOf(effect, forms));
      else if (effect.kind === 'reject' || effect.kind === 'ereject') refusal = effect.reason;
    }
    const kept = outcome.seen.map((seen) => memoryOf(seen, about));
    const isTold = outcome.failures.length === 0 || (memories.get(TOLD_KEY) ?? 0) > nowMs;
    if (!isTold) {
      copies.push(await noticeCopy(outcome.failures, forms, about));
      kept.push({ key: TOLD_KEY, untilMs: nowMs + TELL_MS, mustBeNew: true });
    }
    const note = entryOf(delivery, outcome);
    return {
      copies,
      ...(refusal !== undefined && copies.length === 0 && { refusal }),
      memories: kept,
      ...(note !== undefined && { note }),
      end: () => forms.end(),
    };
  } catch (error) {
    forms.end();
    throw error;
  }
}

async function copyOf({ target, edition }: FileEffect, forms: Forms): Promise<Copy> {
  const form = await forms.of(edition);
  return { ...placeOf(target), ...(form !== undefined && { form }) };
}

function placeOf({ mailbox, mayCreate, specialUse, flags }: Target): Copy {
  const bits = flags.map((name) => parseSystemFlag(name));
  const role = specialUse === undefined ? undefined : roleOf(specialUse);
  return {
    mailbox,
    ...(mayCreate && { makes: role === undefined ? {} : { role } }),
    flags: bits.reduce<number>((sum, bit) => sum | (bit ?? 0), 0),
    keywords: flags.filter((_, i) => bits[i] === undefined),
  };
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
