/**
 * Messages of the open mailbox go into another one, be it of the same account or of another (COPY, MOVE). What is asked of
 * the rights of somebody who is not the owner is RFC 4314 §4: `i` in the target, whose other rights say which flags come along; to
 * move, `t` and `e` in the source as well (RFC 6851 §3.3).
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
  const domain = target.acting(session.domain, 'i');
  if (account === target.account) {
    const { kept } = target;
    const options = kept === undefined ? { isOfAll } : { isOfAll, kept };
    const copied = copyMessages(domain, account, mailbox, uids, target.mailbox, options);
    return target.isOwn ? copied : copied.catch(inFewWords);
  }
  const options = { ...acrossOptions(session, place, target), isOfAll };
  const from = { domain: session.domain, account, mailbox };
  const copied = copyAcross(from, uids, endOf(session, target), options);
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
  const leaving = place.acting(session.domain, 't', 'e');
  if (account === target.account) {
    const { kept } = target;
    const options = kept === undefined ? { onSlice } : { onSlice, kept };
    const domain = target.acting(leaving, 'i');
    const moved = moveMessages(domain, account, mailbox, uids, target.mailbox, options);
    return target.isOwn ? moved : moved.catch(inFewWords);
  }
  const options = { ...acrossOptions(session, place, target), onSlice };
  const moved = moveAcross({ domain: leaving, account, mailbox }, uids, endOf(session, target), options);
  return target.isOwn ? moved : moved.catch(inFewWords);
}

function endOf(session: SessionContext, target: Place): AcrossEnd {
  return { domain: target.acting(session.domain, 'i'), account: target.account, mailbox: target.mailbox };
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
