import { invariant } from '../../base/invariant.ts';
import { ALL_SYSTEM_FLAGS, FLAG } from '../../mail/flags.ts';
import { openMailbox } from '../../mailbox/mailboxes.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import type { Call, SessionContext } from '../context.ts';
import type { SelectParameter } from '../item.ts';
import { attributesOf, listedOf, oldNameOf, writeList } from '../listing.ts';
import { type Completion, ok, writeStatus } from '../replies.ts';
import { Selected } from '../selected.ts';
import { end } from '../wire/grammar.ts';
import { maybeSpOptionList, type ParsedKeyword } from '../wire/keyword-table.ts';
import { type SuppliedName, spSuppliedMailbox } from '../wire/mailbox.ts';

interface SelectArgs {
  readonly target: SuppliedName;
  readonly parameters: readonly ParsedKeyword<SelectParameter>[];
}

/**
 * SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3; RFC 3501 §6.3.1): the same but for writing. The mailbox that was open is
 * closed first, and stays closed when the new one cannot be opened.
 *
 * Every number is of one moment, the one at which the view is made; HIGHESTMODSEQ is always among them, because clients
 * notice CONDSTORE by it.
 */
export const select = selecting('SELECT', false);
export const examine = selecting('EXAMINE', true);

function selecting(name: string, isReadOnly: boolean): Command {
  return defineCommand({
    name,
    states: SIGNED_IN,
    parse(c, tables): SelectArgs {
      const target = spSuppliedMailbox(c);
      const parameters = maybeSpOptionList(c, tables.selectParameters, `${name} parameter`);
      end(c);
      return { target, parameters };
    },
    async run(call, { target, parameters }): Promise<Completion> {
      const { session, state } = call;
      for (const { item, args } of parameters) item.before?.(call, args);
      if (state.kind === 'selected') leave(session);
      const selected = await open(call, target.name, isReadOnly);
      try {
        writeFacts(call, selected, target);
        for (const { item, args } of parameters) await item.after?.(session, state.account, selected, args);
      } catch (error) {
        selected.viewer.close();
        throw error;
      }
      return {
        ...ok(`${name} completed`, isReadOnly ? 'READ-ONLY' : 'READ-WRITE'),
        next: { kind: 'selected', account: state.account, selected },
      };
    },
  });
}

/** What comes behind it is about another mailbox (RFC 7162 §3.2.11, RFC 9051 §7.1 `CLOSED`). */
function leave(session: SessionContext): void {
  session.deselect();
  writeStatus(session.out, '*', 'OK', 'The previous mailbox is closed', 'CLOSED');
}

async function open(
  { session, state }: Call<'authenticated' | 'selected'>,
  name: string,
  isReadOnly: boolean,
) {
  const { domain, viewerEvents } = session;
  const viewer = await openMailbox(domain, state.account, name, isReadOnly, viewerEvents);
  const { list } = viewer.mailbox;
  invariant(list !== undefined, 'a mailbox is loaded when it is opened');
  const selected = new Selected(viewer, list);
  selected.takeRecent();
  return selected;
}

function writeFacts(
  { session, state }: Call<'authenticated' | 'selected'>,
  selected: Selected,
  target: SuppliedName,
): void {
  const { out, modes } = session;
  const { mailbox, view, isReadOnly } = selected;
  const { names } = mailbox.keywords;
  out.ascii('* FLAGS ').flagList(ALL_SYSTEM_FLAGS, names).crlf();
  out.ascii('* OK [PERMANENTFLAGS ');
  if (isReadOnly) out.ascii('()] Nothing can be changed').crlf();
  else
    out
      .flagList(ALL_SYSTEM_FLAGS, [...names, '\\*'])
      .ascii('] All can be changed, and new ones made')
      .crlf();
  out.ascii('* ').number(view.count).ascii(' EXISTS').crlf();
  if (!modes.rev2) {
    out.ascii('* ').number(selected.countRecent()).ascii(' RECENT').crlf();
    const unseen = firstUnseen(selected);
    if (unseen > 0) writeStatus(out, '*', 'OK', 'First unseen message', `UNSEEN ${unseen}`);
  }
  writeStatus(out, '*', 'OK', 'UIDs are valid', `UIDVALIDITY ${mailbox.uidValidity}`);
  writeStatus(out, '*', 'OK', 'Predicted next UID', `UIDNEXT ${mailbox.uidNext}`);
  writeStatus(out, '*', 'OK', 'Highest mod-sequence', `HIGHESTMODSEQ ${selected.readModseq}`);
  if (!modes.rev2) return;
  const extras = oldNameOf(modes, target.supplied, mailbox.name);
  writeList(out, 'LIST', mailbox.name, attributesOf(listedOf(state.account, mailbox)), extras);
}

/** Sequence number, or 0. One octet a message is looked at until the first: half a millisecond for a million. */
function firstUnseen({ mailbox, list, view }: Selected): number {
  if (mailbox.unseen === 0) return 0;
  const { flags } = list.columns;
  for (let row = 0; row < view.count; row++) {
    if (((flags[row] as number) & FLAG.Seen) === 0) return row + 1;
  }
  return 0;
}
