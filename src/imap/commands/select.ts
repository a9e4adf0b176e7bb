import { beginOpening, openMailbox } from '../../mailbox/operations/mailboxes.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import type { Call, SessionContext } from '../context.ts';
import type { SelectParameter } from '../item.ts';
import { writeFlagNames } from '../keywords.ts';
import { attributesOf, listedOf, oldNameOf, writeList } from '../listing.ts';
import { type Completion, mailboxId, ok, writeStatus } from '../replies.ts';
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
 * Every number is of one moment; HIGHESTMODSEQ is always among them, because clients notice CONDSTORE by it. The numbers
 * are in the mailbox's row, so the messages of a mailbox that nobody has open are loaded while the answer travels.
 */
export const select = selecting('SELECT', false);
export const examine = selecting('EXAMINE', true);

function selecting(name: string, isReadOnly: boolean): Command {
  return defineCommand({
    name,
    states: SIGNED_IN,
    needsNoMessages: true,
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
      const needsMessages = parameters.some(({ item }) => item.after !== undefined);
      const selected = await open(call, target.name, { isReadOnly, needsMessages });
      try {
        writeFacts(call, selected, target);
        for (const { item, args } of parameters)
          await item.after?.(session, selected.account, selected, args);
      } catch (error) {
        selected.viewer.close();
        throw error;
      }
      return {
        ...ok(`${name} completed`, isReadOnly || !isWritable(selected) ? 'READ-ONLY' : 'READ-WRITE'),
        next: { kind: 'selected', own: state.own, selected },
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
  { session }: Call<'authenticated' | 'selected'>,
  name: string,
  { isReadOnly, needsMessages }: { readonly isReadOnly: boolean; readonly needsMessages: boolean },
): Promise<Selected> {
  const { domain, modes, viewerEvents } = session;
  const place = await session.reach.mailboxOf(name, 'r');
  const { account, mailbox } = place;
  // Whoever is there by leave only looks at what is new to its owner.
  const onlyLooks = isReadOnly || !place.isOwn;
  if (needsMessages || (!modes.rev2 && !isRecentKnown(mailbox))) {
    (await openMailbox(domain, account, mailbox.name, onlyLooks, viewerEvents)).close();
  }
  const { viewer, list } = beginOpening(domain, account, mailbox.name, onlyLooks, viewerEvents);
  const selected = new Selected({ viewer, place, isReadOnly }, list, session.author);
  selected.takeRecent();
  return selected;
}

/** Whether the number of \Recent messages follows from the row: there are none, or no UID was ever removed. */
function isRecentKnown({ recentFrom, uidNext, exists }: MailboxState): boolean {
  return recentFrom >= uidNext || exists === uidNext - 1;
}

/** RFC 4314 §5.2: \Seen is each reader's own, so the right to it alone makes nothing writable. */
function isWritable({ place }: Selected): boolean {
  return place.may('i') || place.may('e') || place.may('w') || place.may('t');
}

function writeFacts(
  { session }: Call<'authenticated' | 'selected'>,
  selected: Selected,
  target: SuppliedName,
): void {
  const { out, modes } = session;
  const { mailbox } = selected;
  writeFlagNames(session, selected);
  out.ascii('* ').number(mailbox.exists).ascii(' EXISTS').crlf();
  if (!modes.rev2) {
    out.ascii('* ').number(selected.countRecent()).ascii(' RECENT').crlf();
    const { firstUnseen } = mailbox;
    if (firstUnseen > 0 && !modes.uidOnly && selected.place.isOwn)
      writeStatus(out, '*', 'OK', 'First unseen message', `UNSEEN ${firstUnseen}`);
  }
  writeStatus(out, '*', 'OK', 'UIDs are valid', `UIDVALIDITY ${mailbox.uidValidity}`);
  writeStatus(out, '*', 'OK', 'Predicted next UID', `UIDNEXT ${mailbox.uidNext}`);
  writeStatus(out, '*', 'OK', 'Highest mod-sequence', `HIGHESTMODSEQ ${selected.readModseq}`);
  writeStatus(out, '*', 'OK', 'The name that stays', mailboxId(mailbox.id));
  if (!modes.rev2) return;
  const { place } = selected;
  const extras = oldNameOf(modes, target.supplied, place.name);
  writeList(out, 'LIST', place.name, attributesOf(listedOf(place)), extras);
}
