/**
 * Whether `accounts.db` and the shards belong together. When they do not, somebody would be given a number under which
 * another one's mail is kept, and read it. So nothing is served, added or checked then; a person decides.
 *
 * What can be mended is: every owner that the shards name gets the number back, with the password when the address still
 * has one; whoever had the number instead, and no mail of their own, gets a new one.
 */
import { type AccountId, type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { Owner, Register } from './register.ts';
import type { ShardedDirectory } from './sharded-directory.ts';
import type { WitnessRecord } from './witness.ts';

/** More of the same tell nothing new. */
const MAX_TOLD = 5;

export type DirectoryView = Pick<
  ShardedDirectory,
  'installation' | 'changes' | 'numbers' | 'shards' | 'shardOf'
>;

/** What a shard says, and which one it is. */
export interface PlacedRegister {
  readonly number: number;
  readonly register: Register;
}

export interface Disagreement {
  readonly facts: readonly string[];
  /** False: files are mixed up that no program can tell apart. */
  readonly isMendable: boolean;
}

export const shardName = (number: number): string => `shard-${String(number).padStart(2, '0')}`;

export function disagreementOf(
  directory: DirectoryView,
  registers: readonly PlacedRegister[],
  witnessed: WitnessRecord | undefined,
): Disagreement | undefined {
  const foreign = registers.flatMap((placed) => foreignFacts(directory, placed));
  if (foreign.length > 0) return { facts: foreign, isMendable: false };
  const facts = registers.flatMap(({ register, number }) =>
    ownerFacts(directory, register, shardName(number)),
  );
  facts.push(...placeFacts(directory, registers));
  if (witnessed !== undefined && directory.changes < witnessed.progress) {
    const missing = witnessed.progress - directory.changes;
    const last = new Date(witnessed.atMs).toISOString();
    facts.unshift(`accounts.db is missing the last ${missing} changes of accounts, made until ${last}`);
  }
  return facts.length > 0 ? { facts, isMendable: true } : undefined;
}

export function disagreementError(directory: string, { facts, isMendable }: Disagreement): StoreError {
  const told = facts.slice(0, MAX_TOLD).map((fact) => `\n  ${fact}`);
  const more = facts.length > MAX_TOLD ? `\n  and ${facts.length - MAX_TOLD} more` : '';
  const remedy = isMendable
    ? 'Put back the accounts.db that belongs to these shards: from the same backup as they, or younger. If there is none, ' +
      '"brevduva check --repair" gives every account its mail back; accounts that it has to make anew have no password until ' +
      '"brevduva account passwd" sets one.'
    : 'Put back files that belong together, from one backup.';
  return new StoreError(
    'damaged',
    `${directory}: accounts.db and the mail beside it do not belong together, so nothing is opened:${told.join('')}${more}\n${remedy}`,
  );
}

function foreignFacts(
  directory: DirectoryView,
  { number, register: { identity, withMail } }: PlacedRegister,
): string[] {
  const { shards } = directory;
  const name = shardName(number);
  if (identity === undefined) {
    const stray = withMail.find((account) => account % shards !== number);
    if (stray === undefined) return [];
    return [`${name} holds mail of account ${stray}, which belongs in ${shardName(stray % shards)}`];
  }
  if (identity.installation !== directory.installation) {
    return [
      `${name} belongs to the data folder ${identity.installation}, accounts.db to ${directory.installation}`,
    ];
  }
  // Shards are added to the directory first.
  if (identity.number === number && identity.shards <= shards) return [];
  return [
    `${name} is number ${identity.number} of ${identity.shards} shards, and stands as ${number} of ${shards}`,
  ];
}

/**
 * Of accounts that were moved, in an `accounts.db` from before: their mail is where it does not say, and not where it says. One
 * that is in both places is being moved.
 */
function placeFacts({ numbers, shardOf }: DirectoryView, registers: readonly PlacedRegister[]): string[] {
  const readable = registers.filter(({ register }) => register.isReadable);
  const known = new Map(
    readable.map(({ number, register }) => [number, new Set(register.owners.map((one) => one.account))]),
  );
  return readable.flatMap(({ number, register }) =>
    register.owners.flatMap(({ account, address }) => {
      const place = shardOf(account);
      if (address === undefined || numbers.get(account) !== address || place === number) return [];
      if (known.get(place)?.has(account) !== false) return [];
      return [
        `${shardName(number)} holds the mail of ${address}, which accounts.db has in ${shardName(place)}`,
      ];
    }),
  );
}

function ownerFacts(
  { numbers }: DirectoryView,
  { identity, owners, withMail }: Register,
  name: string,
): string[] {
  const facts: string[] = [];
  for (const { account, address } of owners) {
    const given = numbers.get(account);
    if (address === undefined) {
      if (given !== undefined)
        facts.push(`account ${account} was removed from ${name}, and accounts.db has it as ${given}`);
    } else if (!numbers.has(account)) {
      facts.push(`${name} holds the mail of ${address}, account ${account}, which accounts.db does not know`);
    } else if (given !== undefined && given !== address) {
      facts.push(
        `${name} holds the mail of ${address} as account ${account}, which accounts.db gives to ${given}`,
      );
    }
  }
  // A shard of a version without a register is believed what it can say, once.
  for (const account of identity === undefined ? withMail : []) {
    if (!numbers.has(account))
      facts.push(`${name} holds mail of account ${account}, which accounts.db does not know`);
  }
  return facts;
}

/** The highest number that was ever used. */
export function lastNumber(registers: readonly PlacedRegister[]): AccountId {
  const numbers = registers.flatMap(({ register: { owners, withMail } }) => [
    ...owners.map((it) => it.account),
    ...withMail,
  ]);
  return asAccountId(numbers.reduce((last: number, number) => Math.max(last, number), 0));
}

/** All accounts as they have to be; those that are being removed stay as they are. `known` are those of `accounts.db`. */
export function mended(
  { numbers, shardOf }: DirectoryView,
  known: readonly AccountRecord[],
  registers: readonly PlacedRegister[],
  nowMs: number,
): readonly AccountRecord[] {
  const owners = registers.flatMap(({ register, number: shard }) =>
    ownersOf(register, numbers).map((owner) => ({ ...owner, shard })),
  );
  // Of one that is in two places, because it is being moved, the one counts that accounts.db says.
  const isInPlace = (owner: (typeof owners)[number]): boolean => shardOf(owner.account) === owner.shard;
  owners.sort((a, b) => Number(isInPlace(b)) - Number(isInPlace(a)));
  const byAddress = new Map(known.map((record) => [record.address, record]));
  const accounts = new Map<AccountId, AccountRecord>();
  const settled = new Set<string>();
  for (const { account: id, address, shard } of owners) {
    if (address === undefined || settled.has(address)) continue;
    settled.add(address);
    accounts.set(id, { ...(byAddress.get(address) ?? blank(address, nowMs)), id, shard });
  }
  const removed = new Set(owners.filter((it) => it.address === undefined).map((it) => it.account));
  let next = Math.max(lastNumber(registers), ...known.map(({ id }) => id as number)) + 1;
  for (const record of known) {
    if (settled.has(record.address) || removed.has(record.id)) continue;
    const id = accounts.has(record.id) ? asAccountId(next++) : record.id;
    accounts.set(id, { ...record, id });
  }
  return [...accounts.values()];
}

/** Of a shard without a register whoever has the number now, or nobody, by a name that cannot be anybody's. */
function ownersOf(register: Register, numbers: DirectoryView['numbers']): readonly Owner[] {
  const isBeingRemoved = ({ account }: Owner) => numbers.has(account) && numbers.get(account) === undefined;
  const owners =
    register.identity !== undefined
      ? register.owners
      : register.withMail.map((account) => ({
          account,
          address: numbers.get(account) ?? `account-${account}@recovered.invalid`,
        }));
  return owners.filter((owner) => !isBeingRemoved(owner));
}

/** Nobody can sign in with it until a password is set. */
function blank(address: string, createdMs: number): Omit<AccountRecord, 'id' | 'shard'> {
  return { address, credentials: [], createdMs, settings: {} };
}
