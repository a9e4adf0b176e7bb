/**
 * The FETCH items of RFC 9051 §6.4.5 that are not octets of the message: numbers, flags, dates, and the envelope and
 * structure that were computed at delivery and are sent as stored.
 *
 * A message whose stored facts are lost has an empty envelope and a plain structure of its size: valid, since clients
 * retry for ever what they cannot parse, and with numbers where numbers belong.
 */
import { bodyFromStructure } from '../../mail/body-structure.ts';
import { internalDate } from '../../mail/date.ts';
import { type FetchedMessage, type FetchItem, fetchItem } from '../item.ts';
import { writeFlagList } from '../updates.ts';
import { bodySectionItems } from './body-items.ts';

export const UID_ITEM: FetchItem = fetchItem({
  name: 'UID',
  write(out, { uid }) {
    out.ascii('UID ').number(uid);
    return undefined;
  },
});

export const FLAGS_ITEM: FetchItem = fetchItem({
  name: 'FLAGS',
  write(out, { record, uid }, _args, session, selected) {
    out.ascii('FLAGS ');
    writeFlagList(out, selected, record.flags, record.keywordSet, uid, session.modes);
    return undefined;
  },
});

const INTERNALDATE_ITEM: FetchItem = fetchItem({
  name: 'INTERNALDATE',
  write(out, { record }) {
    out.ascii('INTERNALDATE ').ascii(internalDate(record.internalDate));
    return undefined;
  },
});

const SIZE_ITEM: FetchItem = fetchItem({
  name: 'RFC822.SIZE',
  write(out, { record }) {
    out.ascii('RFC822.SIZE ').number(record.size);
    return undefined;
  },
});

const ENVELOPE_ITEM: FetchItem = fetchItem({
  name: 'ENVELOPE',
  needs: () => ['envelope'],
  write(out, { email }) {
    out.ascii('ENVELOPE ').raw(email?.envelope ?? NO_ENVELOPE);
    return undefined;
  },
});

const BODYSTRUCTURE_ITEM: FetchItem = fetchItem({
  name: 'BODYSTRUCTURE',
  needs: () => ['bodyStructure'],
  write(out, message) {
    out.ascii('BODYSTRUCTURE ').raw(structureOf(message));
    return undefined;
  },
});

export const CORE_FETCH_ITEMS: readonly FetchItem[] = Object.freeze([
  UID_ITEM,
  FLAGS_ITEM,
  INTERNALDATE_ITEM,
  SIZE_ITEM,
  ENVELOPE_ITEM,
  BODYSTRUCTURE_ITEM,
  ...bodySectionItems(shortStructureOf),
]);

const NO_ENVELOPE = Buffer.from('(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)');

function structureOf({ email, record }: FetchedMessage): Buffer {
  return email?.bodyStructure ?? plainStructure(record.size, ' NIL NIL NIL NIL');
}

/** BODY: the structure without extension data. */
function shortStructureOf(message: FetchedMessage): Buffer {
  try {
    return bodyFromStructure(structureOf(message));
  } catch {
    return plainStructure(message.record.size, '');
  }
}

function plainStructure(sizeBytes: number, extension: string): Buffer {
  return Buffer.from(`("text" "plain" NIL NIL NIL "8bit" ${sizeBytes} 0${extension})`);
}
