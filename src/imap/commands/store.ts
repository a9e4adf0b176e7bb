/**
 * STORE and UID STORE (RFC 9051 §6.4.6), with UNCHANGEDSINCE (RFC 7162 §3.1.3).
 *
 * Who asks aloud is told the flags of every message named, changed or not; who asks silently is told nothing but, with
 * CONDSTORE, the new modseqs (RFC 7162 §3.1.3). What another session changed is told by the updates in either case, what
 * this one changed by its command alone. A message that failed the condition is told
 * as it is now, which saves the client from asking (RFC 7162 §3.1.3 recommends it).
 */

import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { changeFlags, type FlagChange, type FlagSlice } from '../../mailbox/operations/flags.ts';
import { NotPermitted } from '../../mailbox/operations/shares.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call, SessionContext } from '../context.ts';
import { UNCHANGEDSINCE } from '../fetch/modifiers.ts';
import type { StoreItem, Tables } from '../item.ts';
import { tellFlags } from '../mailbox-events.ts';
import { type Cut, cutOf, done, limitOf, noteCut, runsWithin } from '../message-limit.ts';
import { type MessageSet, messageSet, selectMessages, uidsOf } from '../message-set.ts';
import { type Completion, ok } from '../replies.ts';
import type { Selected } from '../selected.ts';
import { beginFetch, observe, writeFlags } from '../updates.ts';
import type { Cursor } from '../wire/cursor.ts';
import type { FlagSet } from '../wire/flag.ts';
import { end, sp } from '../wire/grammar.ts';
import { argsOf, type KeywordSyntax } from '../wire/keyword-table.ts';
import { formatNumSet } from '../wire/numset.ts';
import { type StoreArgs, storeArgs } from '../wire/store-args.ts';

interface Args extends StoreArgs<KeywordSyntax, StoreItem> {
  readonly set: MessageSet;
}

export const storeCommand: Command = storeLike('STORE', false);
export const uidStoreCommand: Command = storeLike('UID STORE', true);

function storeLike(name: string, isUid: boolean): Command {
  return defineCommand<Args, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: !isUid,
    mayTakeLong: true,
    mayExpunge: isUid,
    parse: (c, tables) => parse(c, tables, isUid),
    run: (call, args) => run(call, args, isUid),
  });
}

function parse(c: Cursor, tables: Tables, isUid: boolean): Args {
  sp(c);
  const set = messageSet(c, isUid);
  const args = storeArgs(c, tables.storeModifiers, tables.storeItems);
  end(c);
  return { set, ...args };
}

async function run(call: Call<'selected'>, args: Args, isUid: boolean): Promise<Completion> {
  const { selected } = call.state;
  if (selected.isReadOnly) throw new MailboxError('read-only', 'the mailbox is open for reading only');
  observe(selected);
  const named = selectMessages(selected, args.set);
  const cut = cutOf(selected.view, named, limitOf(call.session.settings));
  const uids = uidsOf(selected, runsWithin(selected.view, named, cut));
  const { data, modifiers, action, isSilent } = args;
  if ('bits' in data) return storeFlags(call, { ...args, flags: data, uids, cut }, isUid);
  const isConditional = argsOf(modifiers, UNCHANGEDSINCE) !== undefined;
  const name = isUid ? 'UID STORE' : 'STORE';
  const answer = await data.item.run(call, { uids, action, isSilent, isConditional, name }, data.args);
  if (answer.status === 'OK') noteCut(call.session, name, cut);
  return answer;
}

interface FlagArgs extends Pick<Args, 'modifiers' | 'action' | 'isSilent'> {
  readonly flags: FlagSet;
  readonly uids: readonly number[];
  readonly cut: Cut | undefined;
}

async function storeFlags(call: Call<'selected'>, args: FlagArgs, isUid: boolean): Promise<Completion> {
  const { session, state } = call;
  const { selected } = state;
  const { account } = selected;
  const { uids, cut } = args;
  const unchangedSince = argsOf(args.modifiers, UNCHANGEDSINCE);
  if (unchangedSince !== undefined) enableCondstore(call);
  const loudness = { isSilent: args.isSilent, isConditional: unchangedSince !== undefined };
  const modified: number[] = [];
  // Whoever hangs up in the middle has asked for all of it all the same.
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure = error;
  };
  const { reader } = selected.place;
  const wanted = {
    mode: args.action,
    flags: args.flags.bits,
    keywords: args.flags.keywords,
    ...(unchangedSince === undefined ? {} : { unchangedSince }),
    ...(reader === undefined ? {} : { reader }),
  };
  const { place } = selected;
  const acting = place.isOwn ? session.domain : asVisitor(session, place, wanted);
  await changeFlags(acting, account, selected.mailbox, uids, wanted, (slice) => {
    observe(selected);
    tellFlags(session, account, selected.mailbox, slice);
    for (const uid of slice.modified) modified.push(uid);
    return failure === undefined ? tell(session, selected, slice, loudness)?.catch(fail) : undefined;
  });
  if (failure !== undefined) throw failure;
  const code = modified.length === 0 ? undefined : modifiedCode(selected, modified, isUid);
  const name = isUid ? 'UID STORE' : 'STORE';
  if (code === undefined) return done(session, name, cut);
  noteCut(session, name, cut);
  return ok(`${name} completed but for some messages`, code);
}

/** RFC 4314 §4: whoever may change some of the flags changes these and hears of no failure. */
function asVisitor(session: SessionContext, place: Place, { mode, flags, keywords }: FlagChange): Domain {
  const rights = (['s', 't', 'w'] as const).filter((right) => place.may(right));
  const may = place.changeableFlags;
  const asksNothing = flags === 0 && keywords.length === 0;
  const mayNothing = (flags & may) === 0 && (keywords.length === 0 || !place.may('w'));
  if (rights.length === 0 || (mayNothing && (mode === 'replace' ? false : !asksNothing)))
    throw new NotPermitted('you have no right to change any of these flags (s, w or t)');
  return place.acting(session.domain, 'r', ...rights);
}

interface Loudness {
  readonly isSilent: boolean;
  /** RFC 7162 §3.1.3: whoever set a condition learns the modseq of every message that met it, changed or not. */
  readonly isConditional: boolean;
}

function tell(
  session: SessionContext,
  selected: Selected,
  slice: FlagSlice,
  loudness: Loudness,
): Promise<void> | undefined {
  const isMute = loudness.isSilent && !loudness.isConditional && !session.modes.condstore;
  return isMute ? undefined : writeSlice(session, selected, slice, loudness);
}

async function writeSlice(
  session: SessionContext,
  selected: Selected,
  slice: FlagSlice,
  { isSilent, isConditional }: Loudness,
): Promise<void> {
  const { modes } = session;
  const modified = new Set(slice.modified);
  const changed = isSilent ? new Set(slice.changed) : undefined;
  for (const uid of slice.uids) {
    if (changed === undefined || modified.has(uid)) {
      writeFlags(session, selected, uid);
      selected.view.forgetFlag(uid);
    } else if (isConditional || (modes.condstore && changed.has(uid))) writeModSeq(session, selected, uid);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

function writeModSeq({ out, modes }: SessionContext, selected: Selected, uid: number): void {
  const row = selected.rowOf(uid);
  const seq = selected.view.seqOf(uid);
  if (row < 0 || seq === 0) return;
  const modseq = selected.list.columns.modseq[row] as number;
  beginFetch(out, modes, seq, uid);
  out.ascii('MODSEQ (').number(modseq).ascii('))').crlf();
}

/** RFC 7162 §3.1.3: message numbers for STORE, UIDs for UID STORE. */
function modifiedCode(selected: Selected, modified: readonly number[], isUid: boolean): string {
  return `MODIFIED ${formatNumSet(isUid ? modified : selected.view.seqsOf(modified))}`;
}
