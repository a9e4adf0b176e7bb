/**
 * The scripts of an account: kept, renamed, made active, deleted. Whether a script is one is for whoever puts it to know; here
 * it is octets with a name. Each call is one change; what it throws has changed nothing.
 */
import { createHash } from 'node:crypto';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { RuleEntry, ScriptRole, ScriptRow } from '../model/rules.ts';
import type { AccountState } from '../state/account.ts';

export interface ScriptLimits {
  /** Of an account, whatever their roles. */
  readonly scripts: number;
  readonly scriptBytes: number;
  readonly accountBytes: number;
}

/** RFC 5804 §1.6 and RFC 9661 §1.4: not less. */
const MAX_NAME_CHARACTERS = 128;
export const MAX_SCRIPT_NAME_BYTES = 4 * MAX_NAME_CHARACTERS;
/** RFC 5804 §1.6: control characters, and what ends a line or a paragraph. A slash is for folders that may come. */
const NOT_IN_NAMES = /[\p{Cc}\u2028\u2029/]/u;

/** Which of an account's scripts is meant. Of the roles that have one script it is that one, under any name. */
export interface ScriptName {
  readonly role: ScriptRole;
  readonly name: string;
}

/** In canonical form. Throws MailboxError `invalid-name`. */
export function scriptName(raw: string): string {
  const name = raw.normalize('NFC');
  if (
    name !== '' &&
    [...name.slice(0, MAX_SCRIPT_NAME_BYTES)].length <= MAX_NAME_CHARACTERS &&
    name.isWellFormed() &&
    !NOT_IN_NAMES.test(name)
  )
    return name;
  throw new MailboxError(
    'invalid-name',
    `the name of a script has 1 to ${MAX_NAME_CHARACTERS} characters, without control characters and slashes`,
  );
}

export function findScript({ scripts }: AccountState, { role, name }: ScriptName): ScriptRow | undefined {
  return scripts.find((script) => script.role === role && (role !== 'own' || script.name === name));
}

/** Throws MailboxError `nonexistent`. */
export function scriptOf(account: AccountState, name: ScriptName): ScriptRow {
  const script = findScript(account, name);
  if (script === undefined) throw new MailboxError('nonexistent', `there is no script "${name.name}"`);
  return script;
}

/** Throws MailboxError `nonexistent`, also when it went meanwhile. */
export async function readScript(
  { store }: Pick<Domain, 'store'>,
  account: AccountState,
  script: ScriptRow,
): Promise<Buffer> {
  const text = await store.loadScript(account.id, script.id);
  if (text === undefined) throw new MailboxError('nonexistent', `there is no script "${script.name}"`);
  return text;
}

/**
 * Whether a script of this size can be put under this name. Throws MailboxError `limit` (too many scripts), `too-big` (the
 * script), `over-quota` (all together).
 */
export function checkScriptRoom(
  account: AccountState,
  name: ScriptName,
  sizeBytes: number,
  limits: ScriptLimits,
): void {
  const others = account.scripts.filter((script) => script !== findScript(account, name));
  if (sizeBytes > limits.scriptBytes)
    throw new MailboxError('too-big', `a script can have at most ${limits.scriptBytes} octets`);
  if (others.length >= limits.scripts)
    throw new MailboxError('limit', `there can be at most ${limits.scripts} scripts; delete some first`);
  const bytes = others.reduce((sum, other) => sum + other.sizeBytes, sizeBytes);
  if (bytes <= limits.accountBytes) return;
  throw new MailboxError('over-quota', `all scripts together can have at most ${limits.accountBytes} octets`);
}

/** A new one, or in the place of the one of that name, which stays active if it was. Throws as `checkScriptRoom`. */
export async function putScript(
  domain: Domain,
  account: AccountState,
  { role, name }: ScriptName,
  text: Buffer,
  limits: ScriptLimits,
): Promise<ScriptRow> {
  const named = { role, name: scriptName(name) };
  const hash = createHash('sha256').update(text).digest('hex');
  return domain.turns.run({
    account,
    run: (change) => {
      checkScriptRoom(account, named, text.length, limits);
      const old = findScript(account, named);
      const id = old?.id ?? (account.scripts.at(-1)?.id ?? 0) + 1;
      const isActive = role !== 'own' || old?.isActive === true;
      const changed = { sizeBytes: text.length, hash, changedMs: change.nowMs };
      const row: ScriptRow = { id, ...named, isActive, ...changed };
      change.rules.put(row, text);
      return row;
    },
  });
}

/** Throws MailboxError `nonexistent`, `exists`, `invalid-name`. Of the owner's scripts. */
export async function renameScript(
  domain: Domain,
  account: AccountState,
  from: string,
  to: string,
): Promise<void> {
  const name = scriptName(to);
  await domain.turns.run({
    account,
    run: (change) => {
      const script = scriptOf(account, own(from));
      if (findScript(account, own(name)) !== undefined)
        throw new MailboxError('exists', `there is a script "${name}" already`);
      change.rules.put({ ...script, name });
    },
  });
}

/** Throws MailboxError `nonexistent`; `cannot` of the owner's active script (RFC 5804 §2.10). */
export async function deleteScript(domain: Domain, account: AccountState, name: ScriptName): Promise<void> {
  await domain.turns.run({
    account,
    run: (change) => {
      const script = scriptOf(account, name);
      if (script.isActive && script.role === 'own')
        throw new MailboxError(
          'cannot',
          `the script "${script.name}" is active; make another one active first`,
        );
      change.rules.drop(script.id);
    },
  });
}

/** The owner's one active script; '' is none of them. Those of other roles stay. Throws MailboxError `nonexistent`. */
export async function activateScript(domain: Domain, account: AccountState, name: string): Promise<void> {
  await domain.turns.run({
    account,
    run: (change) => {
      const wanted = name === '' ? undefined : scriptOf(account, own(name));
      for (const script of account.scripts) {
        if (script.role === 'own' && script.isActive && script !== wanted) setActive(change, script, false);
      }
      if (wanted?.isActive === false) setActive(change, wanted, true);
    },
  });
}

/** What rules did, the last entries, the oldest of them first. */
export function readRuleEntries(
  { store }: Domain,
  account: AccountState,
  limit: number,
): Promise<readonly RuleEntry[]> {
  return store.loadRuleEntries(account.id, limit);
}

/** A script of the owner's, by the name that he gave it. */
export function own(name: string): ScriptName {
  return { role: 'own', name: name.normalize('NFC') };
}

function setActive({ rules }: AccountChange, script: ScriptRow, isActive: boolean): void {
  rules.put({ ...script, isActive });
}
