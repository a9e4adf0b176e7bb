/**
 * Writing mail that is to leave, and what becomes of its recipients. With the last recipient of a message its row goes, and the
 * reference to its email.
 */
import type { EmailId } from '../../mailbox/model/model.ts';
import {
  acceptanceOf,
  OUTGOING_EVENTS,
  OUTGOING_KINDS,
  OUTGOING_ROUTES,
  type OutgoingId,
  type OutgoingLogEntry,
  type OutgoingRecipient,
  type OutgoingRow,
  RECIPIENT_STATES,
  type RecipientChange,
  type RecipientFields,
  type RecipientState,
} from '../../mailbox/model/outgoing.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { BlobChanges, Blobs } from './blobs.ts';
import type { Database, Row, SqlValue } from './database.ts';
import { packedFlags, readFlags } from './outgoing-flags.ts';
import { releaseEmail } from './references.ts';
import { noteLeaver } from './threads.ts';

const RET = [undefined, 'full', 'headers'] as const;

/** In the order in which `recipientOf` takes them. */
export const RECIPIENT_COLUMNS = `outgoing, n, state, route, notify, attempts, told, next, last_at, address, orcpt, last_host,
  last_reply`;

const SQL = {
  insert: 'INSERT INTO outgoing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  insertRecipient: `INSERT INTO recipient (${RECIPIENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  state: 'SELECT state FROM recipient WHERE outgoing = ? AND n = ?',
  end: 'DELETE FROM recipient WHERE outgoing = ? AND n = ?',
  hasMore: 'SELECT 1 FROM recipient WHERE outgoing = ? LIMIT 1',
  endMessage: 'DELETE FROM outgoing WHERE id = ? RETURNING email',
  log: 'INSERT INTO outgoing_log (outgoing, at, event, address, detail) VALUES (?, ?, ?, ?, ?)',
} as const;

export function writeOutgoing(
  db: Database,
  row: OutgoingRow,
  recipients: readonly OutgoingRecipient[],
): void {
  if (recipients.length === 0) throw new StoreError('io', `outgoing mail ${row.id} has no recipient`);
  db.prepare(SQL.insert).run(
    row.id,
    row.email,
    OUTGOING_KINDS.indexOf(row.kind),
    packedFlags(row),
    RET.indexOf(row.ret),
    row.createdMs,
    row.expiresMs,
    row.holdUntilMs ?? 0,
    row.bodyFrom,
    row.sender,
    row.envid ?? null,
    row.header ?? null,
  );
  writeLog(db, acceptanceOf(row));
  for (const one of recipients) {
    db.prepare(SQL.insertRecipient).run(
      row.id,
      one.n,
      RECIPIENT_STATES.indexOf(one.state),
      OUTGOING_ROUTES.indexOf(one.route),
      one.notify,
      one.attempts,
      one.isTold ? 1 : 0,
      one.nextMs ?? null,
      one.lastAtMs ?? null,
      one.address,
      one.orcpt ?? null,
      one.lastHost ?? null,
      one.lastReply ?? null,
    );
  }
}

export function writeLog(db: Database, { outgoing, atMs, event, address, detail }: OutgoingLogEntry): void {
  db.prepare(SQL.log).run(outgoing, atMs, OUTGOING_EVENTS.indexOf(event), address, detail);
}

/** False when there is no such recipient, or it is in another state. */
export function changeRecipient(
  context: { readonly db: Database; readonly blobs: Blobs; readonly changes: BlobChanges },
  { outgoing, n, when, become, log }: RecipientChange,
): boolean {
  const { db } = context;
  const found = db.prepare(SQL.state).get(outgoing, n);
  if (found === undefined) return false;
  const state = RECIPIENT_STATES[found[0] as number];
  if (when !== undefined && (state === undefined || !when.includes(state))) return false;
  if (log !== undefined) writeLog(db, { outgoing, ...log });
  if (become === 'ended') endRecipient(context, outgoing, n);
  else update(db, outgoing, n, timed(become, become.state ?? state));
  return true;
}

/** What is held has no time, also when an attempt that had begun before says one. */
function timed(fields: RecipientFields, state: RecipientState | undefined): RecipientFields {
  return state === 'held' ? { ...fields, nextMs: undefined } : fields;
}

function endRecipient(
  context: { readonly db: Database; readonly blobs: Blobs; readonly changes: BlobChanges },
  outgoing: OutgoingId,
  n: number,
): void {
  const { db, changes } = context;
  db.prepare(SQL.end).run(outgoing, n);
  if (db.prepare(SQL.hasMore).get(outgoing) !== undefined) return;
  const email = db.prepare(SQL.endMessage).get(outgoing)?.[0];
  if (email === undefined) return;
  const thread = releaseEmail(context, email as EmailId, changes);
  if (thread !== undefined) noteLeaver(db, email as EmailId, thread);
}

const COLUMNS: {
  readonly [Field in keyof RecipientFields]-?: readonly [string, (value: never) => SqlValue];
} = {
  state: ['state', (value: NonNullable<RecipientFields['state']>) => RECIPIENT_STATES.indexOf(value)],
  route: ['route', (value: NonNullable<RecipientFields['route']>) => OUTGOING_ROUTES.indexOf(value)],
  attempts: ['attempts', (value: number) => value],
  isTold: ['told', (value: boolean) => (value ? 1 : 0)],
  nextMs: ['next', (value: number | undefined) => value ?? null],
  lastAtMs: ['last_at', (value: number) => value],
  lastHost: ['last_host', (value: string) => value],
  lastReply: ['last_reply', (value: string) => value],
};

function update(db: Database, outgoing: OutgoingId, n: number, fields: RecipientFields): void {
  const names = Object.keys(fields) as (keyof RecipientFields)[];
  if (names.length === 0) return;
  const columns = names.map((name) => `${COLUMNS[name][0]} = ?`).join(', ');
  const values = names.map((name) => COLUMNS[name][1](fields[name] as never));
  db.prepare(`UPDATE recipient SET ${columns} WHERE outgoing = ? AND n = ?`).run(...values, outgoing, n);
}

/** Of the columns in the order of the table. */
export function outgoingOf(row: Row): OutgoingRow {
  const [id, email, kind, flags, ret, createdMs, expiresMs, holdUntil, bodyFrom, sender, envid, header] = row;
  const returned = RET[ret as number];
  return {
    id: id as OutgoingId,
    email: email as EmailId,
    kind: known(OUTGOING_KINDS, kind),
    ...readFlags(flags as number, createdMs as number),
    createdMs: createdMs as number,
    expiresMs: expiresMs as number,
    bodyFrom: bodyFrom as number,
    sender: sender as string,
    ...(returned === undefined ? {} : { ret: returned }),
    ...(holdUntil === 0 ? {} : { holdUntilMs: holdUntil as number }),
    ...(envid === null ? {} : { envid: envid as string }),
    ...(header === null ? {} : { header: Buffer.from(header as Uint8Array) }),
  };
}

/** Of `RECIPIENT_COLUMNS`. */
export function recipientOf(row: Row): OutgoingRecipient {
  const [, n, state, route, notify, attempts, told, next, lastAt, address, orcpt, host, reply] = row;
  return {
    n: n as number,
    state: known(RECIPIENT_STATES, state),
    route: known(OUTGOING_ROUTES, route),
    notify: notify as number,
    attempts: attempts as number,
    isTold: told === 1,
    address: address as string,
    ...(next === null ? {} : { nextMs: next as number }),
    ...(lastAt === null ? {} : { lastAtMs: lastAt as number }),
    ...(orcpt === null ? {} : { orcpt: orcpt as string }),
    ...(host === null ? {} : { lastHost: host as string }),
    ...(reply === null ? {} : { lastReply: reply as string }),
  };
}

export function known<T extends string>(names: readonly T[], number: SqlValue | undefined): T {
  const name = names[number as number];
  if (name === undefined) throw new StoreError('damaged', `a row of outgoing mail says ${number}`);
  return name;
}
