/**
 * An Email that a client creates, read whole (RFC 8621 §4.6): a draft to be written, where it is to be and what it is to be marked with.
 * Whatever is wrong with it is said by property, all of it at once.
 */
import type { Draft, DraftBlob, DraftField } from '../../mail/compose/draft.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { draftFields, type Faults } from './draft-fields.ts';
import { readBody } from './draft-parts.ts';
import { CONVENIENCE } from './header-property.ts';

export interface DraftOrigin {
  readonly nowMs: number;
  /** Behind the `@` of a Message-ID that is made here. */
  readonly idDomain: string;
  readonly newId: () => string;
}

const BODY = ['bodyStructure', 'bodyValues', 'textBody', 'htmlBody', 'attachments'];
/** Of where it is, which others read. */
const PLACE = ['mailboxIds', 'keywords', 'receivedAt'];
const KNOWN = new Set([...BODY, ...PLACE, ...CONVENIENCE.keys()]);
/** Names in an error. */
const MAX_NAMED = 50;

/**
 * Throws `SetError` `invalidProperties`, then `blobNotFound`. `blobs` is asked for all that are named; `more` are faults that others
 * found.
 */
export async function draftOf(
  email: JsonObject,
  {
    origin,
    findBlob,
    more,
  }: {
    readonly origin: DraftOrigin;
    readonly findBlob: (blobId: string) => Promise<DraftBlob | undefined>;
    readonly more: Faults;
  },
): Promise<Draft> {
  const faults: Faults = new Map(more);
  for (const property of Object.keys(email))
    if (!KNOWN.has(property) && !property.startsWith('header:')) faults.set(property, 'cannot be set');
  const own = draftFields(email, faults);
  for (const { name, property } of own)
    if (/^content-/i.test(name)) faults.set(property, 'is for a part of the body');
  const { blobIds, fields } = readBody(email, faults, new Map());
  const names = new Map(own.map(({ name, property }) => [name.toLowerCase(), property]));
  for (const { name, property } of fields)
    if (names.has(name.toLowerCase())) faults.set(`bodyStructure/${property}`, 'is given twice');
  refuse(faults);
  const blobs = await found(blobIds, findBlob);
  const { body } = readBody(email, new Map(), blobs);
  return {
    fields: [...generated([...own, ...fields], origin), ...own, ...fields].map(withoutProperty),
    body,
  };
}

function refuse(faults: Faults): void {
  if (faults.size === 0) return;
  const named = [...faults]
    .slice(0, MAX_NAMED)
    .map(([property, why]) => [property.slice(0, 300), why] as const);
  const description = named.map(([property, why]) => `${property}: ${why}`).join('; ');
  throw invalidProperties(
    named.map(([property]) => property),
    description.slice(0, 2000),
  );
}

async function found(
  ids: ReadonlySet<string>,
  find: (blobId: string) => Promise<DraftBlob | undefined>,
): Promise<ReadonlyMap<string, DraftBlob>> {
  const blobs = new Map<string, DraftBlob>();
  const notFound: string[] = [];
  for (const id of ids) {
    const blob = await find(id);
    if (blob === undefined) notFound.push(id);
    else blobs.set(id, blob);
  }
  if (notFound.length > 0) throw new SetError('blobNotFound', 'some blobs are not there', { notFound });
  return blobs;
}

/** What every message has and the client left out (RFC 5322 §3.6.1, §3.6.4). */
function generated(
  given: readonly DraftField[],
  { nowMs, idDomain, newId }: DraftOrigin,
): readonly DraftField[] {
  const has = new Set(given.map(({ name }) => name.toLowerCase()));
  const fields: DraftField[] = [];
  if (!has.has('date'))
    fields.push({ name: 'Date', value: { form: 'date', seconds: Math.floor(nowMs / 1000), zoneMinutes: 0 } });
  if (!has.has('message-id'))
    fields.push({ name: 'Message-ID', value: { form: 'ids', ids: [`${newId()}@${idDomain}`] } });
  return fields;
}

function withoutProperty({ name, value }: DraftField): DraftField {
  return { name, value };
}
