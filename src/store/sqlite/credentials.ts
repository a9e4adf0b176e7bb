/** The rows of `credential` in `accounts.db`. */
import {
  CREDENTIAL_KINDS,
  type CredentialChange,
  type CredentialKind,
  type NewCredential,
  REPLACES,
  type StoredCredential,
} from '../../mailbox/model/credential.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import type { Database, Row } from './database.ts';

const COLUMNS = 'id, account, kind, secret, created, detail';
const SQL = {
  all: `SELECT ${COLUMNS} FROM credential ORDER BY id`,
  ofAccount: `SELECT ${COLUMNS} FROM credential WHERE account = ? ORDER BY id`,
  insert: 'INSERT INTO credential (account, kind, secret, created, detail) VALUES (?, ?, ?, ?, ?)',
  restore: `INSERT INTO credential (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`,
  update:
    'UPDATE credential SET secret = ?, created = ?, detail = ? WHERE id = ? AND account = ? AND kind = ?',
  drop: 'DELETE FROM credential WHERE id = ? AND account = ?',
  dropKind: 'DELETE FROM credential WHERE account = ? AND kind = ?',
  dropAll: 'DELETE FROM credential WHERE account = ?',
} as const;

export const ALL_CREDENTIALS = SQL.all;

/** By account, each in the order in which they were made. Rows that say nothing are left out. */
export function credentialsByAccount(rows: readonly Row[]): Map<number, readonly StoredCredential[]> {
  const byAccount = new Map<number, StoredCredential[]>();
  for (const row of [...rows].sort((a, b) => (a[0] as number) - (b[0] as number))) {
    const credential = credentialOf(row);
    if (credential === undefined) continue;
    const list = byAccount.get(row[1] as number);
    if (list === undefined) byAccount.set(row[1] as number, [credential]);
    else list.push(credential);
  }
  return byAccount;
}

/** Within a transaction. Returns what the account has afterwards. */
export function changeCredentials(
  db: Database,
  account: AccountId,
  { put = [], dropped = [] }: CredentialChange,
): readonly StoredCredential[] {
  for (const id of dropped) db.prepare(SQL.drop).run(id, account);
  for (const credential of put) {
    const { kind, secret, createdMs } = credential;
    if ('id' in credential) {
      db.prepare(SQL.update).run(secret, createdMs, detailOf(credential), credential.id, account, kind);
      continue;
    }
    for (const ended of REPLACES[kind]) db.prepare(SQL.dropKind).run(account, ended);
    db.prepare(SQL.insert).run(account, kind, secret, createdMs, detailOf(credential));
  }
  return credentialsByAccount(db.prepare(SQL.ofAccount).all(account)).get(account) ?? [];
}

/** Within a transaction: nobody signs in to this account any more. */
export function dropCredentials(db: Database, account: AccountId): void {
  db.prepare(SQL.dropAll).run(account);
}

/** Within a transaction, for mending alone: with the numbers that they had. */
export function restoreCredentials(
  db: Database,
  account: AccountId,
  credentials: readonly StoredCredential[],
): void {
  for (const one of credentials) {
    const { id, kind, secret, createdMs } = one;
    db.prepare(SQL.restore).run(id, account, kind, secret, createdMs, detailOf(one));
  }
}

type Detail = Omit<NewCredential, 'kind' | 'secret' | 'createdMs'>;

function detailOf(credential: NewCredential): string {
  const { name, services, networks, expiresMs, lastUse, isOwnDevice, proofKeys, counter, passkey } =
    credential;
  const detail: { readonly [K in keyof Detail]: Detail[K] | undefined } = {
    ...{ name, services, networks, expiresMs },
    ...{ lastUse, isOwnDevice, proofKeys, counter, passkey },
  };
  return JSON.stringify(detail);
}

function credentialOf(row: Row): StoredCredential | undefined {
  const [id, , kind, secret, createdMs, detail] = row as [
    number,
    number,
    CredentialKind,
    string,
    number,
    string,
  ];
  if (!CREDENTIAL_KINDS.includes(kind)) return undefined;
  return { id, kind, secret, createdMs, ...(JSON.parse(detail) as Detail) };
}
