/**
 * Messages of the open mailbox go into another one, be it of the same account or of another (COPY, MOVE). What is asked of
 * the rights of somebody who is not the owner is RFC 4314 §4: `r` in the source, `i` in the target, whose other rights say which flags come
 * along; to move, `t` and `e` in the source as well (RFC 6851 §3.3). All of them are asked for in each change.
 */
import type { MessageRecord } from '../../mailbox/model/record.ts';
import {
  type CopyResult,
  copyMessages,
  type MoveResult,
  moveMessages,
} from '../../mailbox/operations/copy.ts';
import {
  type AcrossEnd,
  type AcrossOptions,
  copyAcross,
  moveAcross,
} from '../../mailbox/operations/copy-across.ts';
import { inFewWords, type Place } from '../../mailbox/operations/visiting.ts';
import type { SessionContext } from '../context.ts';
import type { Selected } from '../selected.ts';
import { observe } from '../updates.ts';

export async function copyTo(
  session: SessionContext,
  { place, account, mailbox }: Selected,
  uids: readonly number[],
  target: Place,
  isOfAll: boolean,
): Promise<CopyResult> {
  const undoing = session.domain;
  if (account === target.account) {
    const { kept } = target;
    const options = kept === undefined ? { isOfAll, undoing } : { isOfAll, undoing, kept };
    const { domain } = arrivingEnd(session, place, target);
    const copied = copyMessages(domain, account, mailbox, uids, target.mailbox, options);
    return target.isOwn ? copied : copied.catch(inFewWords);
  }
  const options = { ...acrossOptions(session, place, target), isOfAll };
  const from = { domain: session.domain, undoing, account, mailbox };
  const copied = copyAcross(from, uids, arrivingEnd(session, place, target), options);
  return target.isOwn ? copied : copied.catch(inFewWords);
}

export async function moveTo(
  session: SessionContext,
  selected: Selected,
  uids: readonly number[],
  target: Place,
): Promise<MoveResult> {
  const { place, account, mailbox } = selected;
  const onSlice = (): void => observe(selected);
  place.require('t');
  place.require('e');
  const leaving = leavingEnd(session, place);
  if (account === target.account) {
    const { kept } = target;
    const options = kept === undefined ? { onSlice } : { onSlice, kept };
    const domain = target.acting(leaving.domain, 'i');
    const moved = moveMessages(domain, account, mailbox, uids, target.mailbox, options);
    return target.isOwn ? moved : moved.catch(inFewWords);
  }
  const options = { ...acrossOptions(session, place, target), onSlice };
  const moved = moveAcross(leaving, uids, arrivingEnd(session, place, target), options);
  return target.isOwn ? moved : moved.catch(inFewWords);
}

/** Where messages are moved away from. */
export function leavingEnd({ domain }: SessionContext, place: Place): AcrossEnd {
  const { account, mailbox } = place;
  return { domain: place.acting(domain, 'r', 't', 'e'), undoing: domain, account, mailbox };
}

/** Where what is read at `source` is put. */
export function arrivingEnd({ domain }: SessionContext, source: Place, target: Place): AcrossEnd {
  const { account, mailbox } = target;
  return { domain: source.acting(target.acting(domain, 'i'), 'r'), undoing: domain, account, mailbox };
}

function acrossOptions(
  session: SessionContext,
  source: Place,
  target: Place,
): Pick<AcrossOptions, 'flagsOf' | 'reader' | 'pause'> {
  const { keywords } = source.mailbox;
  return {
    flagsOf: ({ uid, flags, keywordSet }: MessageRecord) =>
      target.allowed({ flags: source.flagsOf(uid, flags), keywords: keywords.namesOf(keywordSet) }),
    reader: target.reader?.id,
    pause: () => session.breathe(),
  };
}
