/** Administration of scripts of accounts that this process holds. */
import type { AccountAdmin } from '../identity/account-admin.ts';
import type { Activity } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { SCRIPT_ORDER, type ScriptRow } from '../mailbox/model/rules.ts';
import {
  activateScript,
  deleteScript,
  own,
  readRuleEntries,
  readScript,
  type ScriptName,
  scriptOf,
} from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { type Editing, editScript } from '../rules/editing.ts';
import { readEntry } from '../rules/entry.ts';
import { type Rehearsal, type Rehearsing, rehearse, type Trial } from '../rules/rehearsal.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';
import type { PutScript, RuleEvent, ScriptAdmin, ScriptSummary } from './script-admin.ts';

export interface LocalScriptsOptions {
  readonly domain: Domain;
  readonly accounts: Pick<AccountAdmin, 'accountOf'>;
  readonly activity: Activity;
  readonly editing: Editing & Rehearsing;
}

export class LocalScripts implements ScriptAdmin {
  readonly #options: LocalScriptsOptions;

  constructor(options: LocalScriptsOptions) {
    this.#options = options;
  }

  async list(address: string): Promise<readonly ScriptSummary[]> {
    const { scripts } = await this.#account(address);
    const place = ({ role }: ScriptRow): number => SCRIPT_ORDER.indexOf(role);
    const inOrder = scripts.toSorted((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
    return inOrder.map(({ id: _, hash: __, ...rest }) => rest);
  }

  async read(address: string, name: ScriptName): Promise<Buffer> {
    const account = await this.#account(address);
    return readScript(this.#options.domain, account, scriptOf(account, canonical(name)));
  }

  async put(address: string, name: ScriptName, text: Buffer): Promise<PutScript> {
    const { domain, editing } = this.#options;
    const account = await this.#account(address);
    try {
      const { warnings } = await editScript(domain, editing, account, canonical(name), text);
      this.#record(account, 'script changed', name);
      return {
        warnings: warnings.map(
          ({ reason, place: { line, column } }) => `line ${line}, column ${column}: ${reason}`,
        ),
      };
    } catch (error) {
      return rethrowAsCannot(error);
    }
  }

  async activate(address: string, name: string): Promise<void> {
    const account = await this.#account(address);
    await activateScript(this.#options.domain, account, own(name).name);
    this.#record(account, 'script activated', own(name));
  }

  async remove(address: string, name: ScriptName): Promise<void> {
    const account = await this.#account(address);
    await deleteScript(this.#options.domain, account, canonical(name));
    this.#record(account, 'script deleted', name);
  }

  async rehearse(address: string, trial: Trial): Promise<Rehearsal> {
    const { domain, editing } = this.#options;
    const account = await this.#account(address);
    return rehearse(editing, domain, account, trial).catch(rethrowAsCannot);
  }

  async log(address: string, limit: number): Promise<readonly RuleEvent[]> {
    const entries = await readRuleEntries(this.#options.domain, await this.#account(address), limit);
    return entries.flatMap(({ atMs, text }) => {
      const entry = readEntry(text);
      return entry === undefined ? [] : [{ atMs, ...entry }];
    });
  }

  async #account(address: string): Promise<AccountState> {
    const { domain, accounts } = this.#options;
    const { id } = await accounts.accountOf(address);
    return domain.accounts.open(id);
  }

  #record({ record }: AccountState, what: string, { role, name }: ScriptName): void {
    this.#options.activity.record(record.address, what, { script: role === 'own' ? name : role });
  }
}

function rethrowAsCannot(error: unknown): never {
  if (error instanceof ScriptError) throw new MailboxError('cannot', error.message);
  throw error;
}

function canonical({ role, name }: ScriptName): ScriptName {
  return { role, name: role === 'own' ? name.normalize('NFC') : role };
}
