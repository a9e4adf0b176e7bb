/**
 * Which flags the open mailbox has (RFC 9051 §7.3.5 FLAGS, §7.1 PERMANENTFLAGS): told at SELECT, and again before the first
 * response that shows a keyword the client has not heard of. Whoever made the keyword: this session, another one, a
 * message that was appended, copied, moved or delivered here.
 */
import { ALL_SYSTEM_FLAGS } from '../mail/flags.ts';
import { mayMakeKeywords } from '../mailbox/operations/flags.ts';
import type { SessionContext } from './context.ts';
import type { Selected } from './selected.ts';

type Teller = Pick<SessionContext, 'out' | 'domain'>;

export function writeFlagNames({ out, domain }: Teller, selected: Selected): void {
  const { names } = selected.mailbox.keywords;
  selected.toldKeywords = names;
  out.ascii('* FLAGS ').flagList(ALL_SYSTEM_FLAGS, names).crlf();
  out.ascii('* OK [PERMANENTFLAGS ');
  const { changeableFlags } = selected.place;
  const flags = ALL_SYSTEM_FLAGS & changeableFlags;
  selected.toldFlags = flags;
  if (selected.isReadOnly || flags === 0) out.ascii('()] ').said('Nothing can be changed').crlf();
  else if (!selected.place.may('w')) out.flagList(flags, []).ascii('] ').said('These can be changed').crlf();
  else if (mayMakeKeywords(domain, selected.mailbox)) {
    out
      .flagList(flags, [...names, '\\*'])
      .ascii('] ')
      .said('All can be changed, and new ones made')
      .crlf();
  } else {
    out.flagList(flags, names).ascii('] ');
    out.said('All can be changed, but there are too many for new ones').crlf();
  }
}

/** Somebody else's rights are others than he was told (RFC 4314 §5.1.1). Only between lines. */
export function tellRights(session: Teller, selected: Selected): void {
  if (selected.toldFlags !== (ALL_SYSTEM_FLAGS & selected.place.changeableFlags))
    writeFlagNames(session, selected);
}

/** Only between lines. Cheap when there is nothing new: it stands before every line with a keyword. */
export function announceKeywords(session: Teller, selected: Selected): void {
  const { names } = selected.mailbox.keywords;
  const told = selected.toldKeywords;
  if (names === told) return;
  if (names.length === told.length && names.every((name, index) => name === told[index])) {
    selected.toldKeywords = names;
  } else writeFlagNames(session, selected);
}
