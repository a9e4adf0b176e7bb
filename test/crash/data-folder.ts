/** Data folders of servers that are not running: made with accounts, looked over by the checker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckProblem, checkMail } from '../../src/mailbox/upkeep/check.ts';
import { openTestDomain } from '../kit/domain.ts';

export const PASSWORD = 'a pigeon never forgets'.replaceAll(' ', '-');

export interface DataFolder extends AsyncDisposable {
  readonly path: string;
}

export async function makeDataFolder(accounts: readonly string[]): Promise<DataFolder> {
  const root = await mkdtemp(join(tmpdir(), 'brevduva-crash-'));
  const path = join(root, 'data');
  await addAccounts(path, accounts);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export async function addAccounts(path: string, accounts: readonly string[]): Promise<void> {
  const kit = await openTestDomain({ data: path });
  for (const account of accounts) await kit.addAccount(account, PASSWORD);
  await kit.close();
}

/** What `brevduva check` would print, without starting it. */
export async function problemsIn(path: string): Promise<string[]> {
  const kit = await openTestDomain({ data: path, mayBeDamaged: true });
  const problems: string[] = [];
  for await (const event of checkMail(kit.domain, { repair: false })) {
    if (event.kind === 'problem') problems.push(describe(event));
  }
  await kit.close();
  return problems;
}

function describe({ account, mailbox, uid, what }: CheckProblem): string {
  return [account, mailbox, uid, what].filter((part) => part !== undefined).join(' ');
}
