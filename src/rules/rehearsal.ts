/**
 * A script tried for an account as the account is: its mailboxes, lists and memories, its other scripts and those of the server. What
 * would become of the message is told, and nothing is done, stored or remembered.
 */
import { EMPTY } from '../base/bytes.ts';
import type { Domain } from '../mailbox/domain.ts';
import { openIncoming } from '../mailbox/operations/incoming.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Warning } from '../sieve/compile/script.ts';
import type { Effect, SeenId } from '../sieve/effects.ts';
import type { TraceStep } from '../sieve/environment.ts';
import { explainOutcome } from '../sieve/explain.ts';
import type { Failure, Outcome } from '../sieve/run/interpreter.ts';
import type { Note } from '../sieve/run/run.ts';
import type { Compiler } from './compiler.ts';
import type { Rules } from './rules.ts';

export interface Trial {
  readonly script: Buffer;
  /** A whole message. */
  readonly message: Buffer;
  readonly from: string;
  /** An address of the account; its own when absent. */
  readonly to?: string;
}

export interface Rehearsal {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly warnings: readonly Warning[];
  /** The first ones of a script that goes on for long. */
  readonly steps: readonly TraceStep[];
  readonly effects: readonly Effect[];
  readonly seen: readonly SeenId[];
  readonly notes: readonly Note[];
  readonly failures: readonly Failure[];
  readonly spent: Outcome['spent'];
  /** For a person. */
  readonly sentences: readonly string[];
}

export interface Rehearsing {
  readonly compiler: Compiler;
  readonly dispositions: Pick<Rules, 'rehearse'>;
}

const MAX_STEPS = 5000;

/** Throws `ScriptError` for what is no script, and what staging throws. */
export async function rehearse(
  { compiler, dispositions }: Rehearsing,
  domain: Domain,
  account: AccountState,
  { script: text, message: octets, from, to = account.record.address }: Trial,
): Promise<Rehearsal> {
  const script = await compiler.compile(text, '');
  const incoming = openIncoming(domain, [account.id], domain.limits.messageBytes, octets.length);
  try {
    await incoming.write(octets);
    const message = await incoming.finish();
    const arrived = { fields: EMPTY, isJunk: false, isAuthentic: true, isAuthorKnown: true };
    const delivery = { account, address: to, envelopeFrom: from, message, ...arrived };
    const steps: TraceStep[] = [];
    const note = (step: TraceStep): void => {
      if (steps.length < MAX_STEPS) steps.push(step);
    };
    const outcome = await dispositions.rehearse(delivery, script, note);
    const { warnings } = script;
    const sentences = explainOutcome(outcome, message.header.bytes);
    return { envelope: { from, to }, warnings, steps, ...outcome, sentences };
  } finally {
    incoming.abort();
  }
}

/** As JSON has it: octets of headers are text. */
export function rehearsalJson(rehearsal: Rehearsal): string {
  return JSON.stringify(rehearsal, octetsAsText);
}

function octetsAsText(_key: string, value: unknown): unknown {
  const isBuffer =
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value;
  return isBuffer ? Buffer.from(value.data as number[]).toString('utf8') : value;
}
