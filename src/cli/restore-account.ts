/** `brevduva restore WHERE --account ADDRESS`: what one account had then and has no more, beside the running server. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountSummary, Admin } from '../admin/admin.ts';
import type { Extracted } from '../backup/extract-account.ts';
import type { Place } from '../backup/place.ts';
import { humanSize } from '../base/bytes.ts';
import type { Config } from '../config/options.ts';
import { domainOf } from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Account, BroughtBack, Plan } from '../transfer/bring-back.ts';
import { shownProgress } from './backup-place.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { openLocalSystem } from './local-system.ts';
import { openAdmin } from './open-admin.ts';
import { counted, note, ProgressLine, print, table } from './terminal.ts';

export interface AccountOptions {
  readonly account: string;
  readonly as?: string;
  readonly mailbox?: string;
  readonly into?: string;
  readonly at?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Whoever was killed has left his folder; its name says which process that was. */
const SCRATCH = 'brevduva-restore-';
/** So many mailboxes are named to who asked for one that was not there. */
const NAMED = 20;

export async function restoreAccount(
  place: Place,
  config: Config,
  options: AccountOptions,
): Promise<ExitCode> {
  const admin = await openAdmin(config, {});
  await removeLeft();
  const scratch = await mkdtemp(join(tmpdir(), `${SCRATCH}${process.pid}-`));
  try {
    const target = await accountOf(admin, options);
    return await bringInto(target, place, { config, admin, scratch, options });
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await admin.close();
  }
}

interface Parts {
  readonly config: Config;
  readonly admin: Admin;
  readonly scratch: string;
  readonly options: AccountOptions;
}

async function bringInto(
  target: AccountSummary,
  place: Place,
  { config, admin, scratch, options }: Parts,
): Promise<ExitCode> {
  const [{ extractAccount }, { bringBack, planBringingBack }] = await Promise.all([
    import('../backup/extract-account.ts'),
    import('../transfer/bring-back.ts'),
  ]);
  const address = options.as === undefined ? target.address : options.account.toLowerCase();
  const progress = shownProgress();
  const { at } = options;
  const extracted = await extractAccount({
    ...{ place, address, into: scratch, onProgress: progress.onProgress },
    ...(at === undefined ? {} : { at }),
  }).finally(() => progress.clear());
  const { shard, shards } = extracted;
  const store = { ...config.store, packAfter: 0, minFree: 0 };
  const part = { worker: shard, workers: shards };
  const then = await openLocalSystem({ ...config, data: scratch, store }, { part });
  try {
    const from = { access: then.admin, address };
    const to = { access: admin, address: target.address };
    const { into: below } = options;
    const mailbox = await mailboxIn(from, extracted, options);
    const plan = await planBringingBack(from, to, {
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(below === undefined ? {} : { below }),
    });
    if (plan.messages > 0) assertRoom(await roomsOf(target, admin), plan);
    if (options.dryRun === true || plan.messages === 0) return report(extracted, plan, undefined, options);
    const line = new ProgressLine();
    const done = await bringBack(from, to, plan, ({ mailbox: name, messages }) =>
      line.show(() => `${name}: ${messages} of ${counted(plan.messages, 'message')}`),
    ).finally(() => line.clear());
    return report(extracted, plan, done, options);
  } finally {
    await then.close();
  }
}

async function accountOf(admin: Admin, { account, as }: AccountOptions): Promise<AccountSummary> {
  try {
    return await admin.findAccount(as ?? account);
  } catch (error) {
    if (!(error instanceof MailboxError) || error.code !== 'nonexistent') throw error;
    const how =
      as === undefined
        ? 'make it with "account add", or bring it into another with --as'
        : 'make it with "account add"';
    throw new UsageError(`there is no account ${as ?? account}; ${how}`);
  }
}

/** The one that is asked for, as it was called then. Throws UsageError when there was none. */
async function mailboxIn(
  { access, address }: Account,
  { snapshot }: Extracted,
  { mailbox }: AccountOptions,
): Promise<string | undefined> {
  if (mailbox === undefined) return undefined;
  const names = (await access.listMailboxes(address)).map(({ name }) => name);
  const asked = mailbox.toUpperCase() === 'INBOX' ? 'INBOX' : mailbox;
  if (names.includes(asked)) return asked;
  const rest = names.length - NAMED;
  const were = `${names.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  throw new UsageError(
    `there is no mailbox ${mailbox} of ${address} in the snapshot ${snapshot}; there are ${were}`,
  );
}

/** What is to have room for all of it, and how there comes to be more. */
interface Room {
  readonly name: string;
  readonly usedBytes: number;
  readonly usedMessages: number;
  /** Absent: there is no limit. */
  readonly bytes?: number | undefined;
  readonly messages?: number | undefined;
  readonly raisedBy: string;
}

/** The account, and its domain where all accounts in it have a limit together. */
async function roomsOf(account: AccountSummary, admin: Admin): Promise<readonly Room[]> {
  const { address, usedBytes, usedMessages, quotaBytes: bytes, quotaMessages: messages } = account;
  const own: Room = {
    ...{ name: address, usedBytes, usedMessages, bytes, messages },
    raisedBy: 'account quota',
  };
  const { name, total } = await admin.domains.findDomain(domainOf(address));
  if (total === undefined) return [own];
  return [own, { name: `the domain ${name}`, ...total, raisedBy: 'domain quota --total' }];
}

/** Before anything is changed. Throws MailboxError. */
function assertRoom(rooms: readonly Room[], { bytes, messages }: Plan): void {
  const is = `${counted(messages, 'message')} of ${humanSize(bytes)} ${messages === 1 ? 'is' : 'are'} missing`;
  for (const room of rooms) {
    const then = `raise it with "${room.raisedBy}", bring one mailbox with --mailbox, or make room; nothing was changed`;
    if (room.bytes !== undefined && room.usedBytes + bytes > room.bytes) {
      const used = `${humanSize(room.usedBytes)} of ${humanSize(room.bytes)}`;
      throw new MailboxError('over-quota', `no room in ${room.name}: ${is}, and ${used} are used; ${then}`);
    }
    if (room.messages !== undefined && room.usedMessages + messages > room.messages) {
      const used = `${room.usedMessages} of ${counted(room.messages, 'message')}`;
      throw new MailboxError('over-quota', `no room in ${room.name}: ${is}, and there are ${used}; ${then}`);
    }
  }
}

function report(
  { snapshot, createdMs }: Extracted,
  plan: Plan,
  done: BroughtBack | undefined,
  { json, dryRun }: AccountOptions,
): ExitCode {
  const { found, messages: missing, bytes, mailboxes } = plan;
  const { messages = 0, problems = [], stopped } = done ?? {};
  const shown = mailboxes.map(({ from, to, isNew, uids, bytes: size }) => ({
    ...{ from, to, isNew, messages: uids.size, bytes: size },
  }));
  const isWhole = problems.length === 0 && stopped === undefined;
  if (json === true) {
    const why = stopped === undefined ? {} : { stopped: stopped.why };
    print(
      JSON.stringify({
        snapshot,
        createdMs,
        found,
        missing,
        bytes,
        mailboxes: shown,
        messages,
        problems,
        ...why,
      }),
    );
    return isWhole ? EXIT.ok : EXIT.failed;
  }
  const lost =
    missing === 0
      ? 'none is missing'
      : `${missing} ${missing === 1 ? 'is' : 'are'} missing (${humanSize(bytes)})`;
  const made = new Date(createdMs).toISOString();
  print(`snapshot ${snapshot}, made at ${made}: ${counted(found, 'message')}, ${lost}`);
  for (const row of table(
    shown.map(({ to, isNew, messages: n, bytes: size }) => [
      ...[`  ${to}`, counted(n, 'message'), humanSize(size), isNew ? 'a new mailbox' : ''],
    ]),
  ))
    print(row);
  for (const problem of problems) note(`problem: ${problem}`);
  if (missing > 0)
    print(dryRun === true ? 'nothing was changed' : `${counted(messages, 'message')} came back`);
  if (stopped !== undefined)
    note(`problem: the rest is not back: ${stopped.why}; run it again and it goes on where it was`);
  return isWhole ? EXIT.ok : EXIT.failed;
}

async function removeLeft(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${SCRATCH}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    // Somebody else's stays.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
