/**
 * Switching CONDSTORE on (RFC 7162 §3.1): by ENABLE, by SELECT (CONDSTORE), or by the first use of one of its items. The
 * one that does it while a mailbox is open learns where the mailbox stands.
 */
import type { SessionContext } from './context.ts';
import { writeStatus } from './replies.ts';
import type { State } from './state.ts';

export function enableCondstore({
  session,
  state,
}: {
  readonly session: SessionContext;
  readonly state: State;
}): void {
  if (session.modes.condstore) return;
  session.modes.condstore = true;
  if (state.kind !== 'selected') return;
  writeStatus(session.out, '*', 'OK', 'CONDSTORE is on', `HIGHESTMODSEQ ${state.selected.readModseq}`);
}
