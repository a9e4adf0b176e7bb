/**
 * States and changes of types whose objects belong to the account beside its mail (`model/belongings.ts`), as identities do: `i17-20301`
 * is of identities, nothing changed in them since modseq 17, which was on day 20301 since 1970.
 *
 * What went is remembered for 90 days, the newest `MOST_TRACES` of a kind. A state that is older is not known any more, unless nothing has
 * changed since.
 */
import type { BelongingKind, BelongingRow } from '../../mailbox/model/belongings.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { MethodError } from './fault.ts';
import type { Call } from './method.ts';
import type { ChangesAnswer } from './standard-changes.ts';

const LETTERS: Readonly<Record<BelongingKind, string>> = {
  ...{ identity: 'i', submission: 's', push: 'p', snooze: 'z', departure: 'd', device: 'v', share: 'n' },
};
const FORM = /^([ispzdvn])(\d{1,16})-(\d{1,7})$/;
const DAY_MS = 86_400_000;
export const REMEMBERED_MS = 90 * DAY_MS;
/** Of those of a kind that went, so many are told of, where more went in that time. */
export const MOST_TRACES = 10_000;
/** Less than that, so that what a state needs is there whichever hour it is. */
const KNOWN_DAYS = 85;

export const belongingId = (kind: BelongingKind, id: number): string => LETTERS[kind] + String(id);

export function belongingOfId(kind: BelongingKind, id: string): number | undefined {
  const number =
    id.startsWith(LETTERS[kind]) && /^[1-9]\d{0,9}$/.test(id.slice(1)) ? Number(id.slice(1)) : undefined;
  return number;
}

/** Objects of one kind as they were at one moment, and that moment's state. */
export interface BelongingsThen {
  readonly state: string;
  /** Ascending by number, with traces of those that are gone. */
  readonly rows: readonly BelongingRow[];
}

/** All that are there, ascending by number. */
export async function belongingsOf(
  call: Pick<Call, 'domain'>,
  account: AccountState,
  kind: BelongingKind,
): Promise<readonly BelongingRow[]> {
  const all = await loadBelongings(call.domain, account);
  return [...all.values()].filter((row) => row.kind === kind && row.value !== undefined);
}

/** A moment not before the call, and durable. */
export async function belongingsNow(
  call: Pick<Call, 'domain'>,
  account: AccountState,
  kind: BelongingKind,
): Promise<BelongingsThen> {
  for (;;) {
    const all = await loadBelongings(call.domain, account);
    // In one go: a state that is newer than what was read would hide a change from its client for good.
    const rows = [...all.values()].filter((row) => row.kind === kind);
    if (await isKept(account.unsettled)) return { state: stateOf(rows, kind), rows };
  }
}

export async function belongingState(
  call: Pick<Call, 'domain'>,
  account: AccountState,
  kind: BelongingKind,
): Promise<string> {
  return (await belongingsNow(call, account, kind)).state;
}

/** As it is in memory, once they are loaded. */
export function belongingStateOf({ belongings }: AccountState, kind: BelongingKind): string {
  return stateOf(belongings?.values() ?? [], kind);
}

/**
 * For inside a change of a set: throws `MethodError` `stateMismatch` before the first of its changes when another request came between.
 * `done` when that one is made.
 */
export function expectedState(
  account: AccountState,
  kind: BelongingKind,
  ifInState: string | undefined,
): { check(): void; done(): void } {
  let isOpen = ifInState !== undefined;
  return {
    check() {
      if (isOpen && belongingStateOf(account, kind) !== ifInState)
        throw new MethodError('stateMismatch', 'the state is another by now');
    },
    done() {
      isOpen = false;
    },
  };
}

/** Whether it is the state of a kind of which there never was one, or none is in memory. */
export const isStateOfNone = (state: string): boolean => /^[ispzn]0-0$/.test(state);

function stateOf(rows: Iterable<BelongingRow>, kind: BelongingKind): string {
  let last: BelongingRow | undefined;
  for (const row of rows) if (row.kind === kind && row.modseq >= (last?.modseq ?? 0)) last = row;
  return `${LETTERS[kind]}${last?.modseq ?? 0}-${Math.floor((last?.atMs ?? 0) / DAY_MS)}`;
}

/** Ascending by when they changed last. Undefined when the state is not known, or not any more. */
export function changedSince(
  call: Pick<Call, 'domain'>,
  account: AccountState,
  kind: BelongingKind,
  { then, state }: { readonly then: BelongingsThen; readonly state: string },
): readonly BelongingRow[] | undefined {
  const [, letter, modseq, day] = FORM.exec(state) ?? [];
  if (letter !== LETTERS[kind]) return undefined;
  const since = Number(modseq);
  const isOld = since > 0 && Number(day) < Math.floor(call.domain.clock.nowMs() / DAY_MS) - KNOWN_DAYS;
  const isUnknown = isOld || since > account.modseq || since < oldestKnown(then.rows);
  if (state !== then.state && isUnknown) return undefined;
  return then.rows.filter((row) => row.modseq > since).sort((a, b) => a.modseq - b.modseq);
}

/** Of what went before that some may be forgotten. */
function oldestKnown(rows: readonly BelongingRow[]): number {
  let traces = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const { value, modseq } of rows) {
    if (value !== undefined) continue;
    traces++;
    oldest = Math.min(oldest, modseq);
  }
  return traces < MOST_TRACES ? 0 : oldest;
}

export async function belongingChanges(
  call: Pick<Call, 'domain'>,
  account: AccountState,
  {
    kind,
    sinceState,
    maxChanges,
  }: { readonly kind: BelongingKind; readonly sinceState: string; readonly maxChanges: number },
): Promise<ChangesAnswer | undefined> {
  const then = await belongingsNow(call, account, kind);
  const rows = changedSince(call, account, kind, { then, state: sinceState });
  if (rows === undefined) return undefined;
  const since = Number(FORM.exec(sinceState)?.[2]);
  // Those that share a modseq were changed together, and are told together.
  let end = Math.min(rows.length, maxChanges);
  while (end > 0 && end < rows.length && rows[end]?.modseq === rows[end - 1]?.modseq) end--;
  if (end === 0 && rows.length > 0) return undefined;
  const told = rows.slice(0, end);
  const last = told.at(-1);
  const isAll = end === rows.length;
  const answer = { created: [] as string[], updated: [] as string[], destroyed: [] as string[] };
  for (const { id, value, createdModseq } of told) {
    const name = belongingId(kind, id);
    const isNew = createdModseq > since;
    if (value !== undefined) (isNew ? answer.created : answer.updated).push(name);
    else if (!isNew) answer.destroyed.push(name);
  }
  const newState =
    isAll || last === undefined
      ? then.state
      : `${LETTERS[kind]}${last.modseq}-${Math.floor(last.atMs / DAY_MS)}`;
  return { ...answer, newState, hasMoreChanges: !isAll };
}
