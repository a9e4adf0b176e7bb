/** The receipt of a migration: a line for each account, a table of the folders of one, and a file of all of it. */
import { renameSync, writeFileSync } from 'node:fs';
import { humanSize } from '../base/bytes.ts';
import { type AccountReceipt, type FolderReceipt, isClean, sumOf } from '../transfer/network/receipt.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { counted, note, print, table } from './terminal.ts';

export interface Showing {
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** What became of one account: `alice@example.com: 120 of 120 messages: 20 brought (3.1 MiB), all equal, 100 there before`. */
export function lineOf(receipt: AccountReceipt, { dryRun, verify }: Showing): string {
  const { account, folders, stopped, roomBytes } = receipt;
  const sum = sumOf(folders);
  const parts: string[] = [];
  if (dryRun === true) {
    parts.push(
      `${sum.found} found, ${sum.brought} to bring (${humanSize(sum.bytes)}), ${sum.there} here already`,
    );
    if (roomBytes !== undefined && roomBytes < sum.bytes) parts.push(`ROOM FOR ${humanSize(roomBytes)} ONLY`);
  } else if (verify === true) {
    parts.push(`${sum.equal} of ${counted(sum.found, 'message')} equal`);
  } else {
    const come = sum.brought + sum.there;
    const equal = sum.equal === sum.brought ? 'all equal' : `${sum.equal} equal`;
    parts.push(`${come} of ${counted(sum.found - sum.vanished, 'message')}`);
    parts.push(`${sum.brought} brought (${humanSize(sum.bytes)}${sum.brought > 0 ? `, ${equal}` : ''})`);
    if (sum.named > 0) parts.push(`${sum.named} with their POP3 names`);
    if (sum.there > 0) parts.push(`${sum.there} there before`);
  }
  if (sum.different > 0) parts.push(`${sum.different} DIFFERENT`);
  if (sum.missing > 0) parts.push(`${sum.missing} moved or deleted here since`);
  if (sum.followed > 0) parts.push(`flags of ${sum.followed} changed`);
  if (sum.removed > 0) parts.push(`${sum.removed} deleted as there`);
  if (sum.vanished > 0) parts.push(`${sum.vanished} deleted there meanwhile`);
  if (sum.refused > 0)
    parts.push(`${sum.refused} ${verify === true ? 'never brought or not sent' : 'REFUSED'}`);
  const end = stopped === undefined ? '' : `; STOPPED: ${stopped}. Run it again to go on where it was.`;
  return `${account}: ${parts.join(', ')}${end}`;
}

export function showReceipts(receipts: readonly AccountReceipt[], showing: Showing): ExitCode {
  const unclean = receipts.filter((receipt) => !isClean(receipt));
  if (showing.json === true) print(JSON.stringify(asJson(receipts), undefined, 2));
  else {
    const [only] = receipts;
    if (receipts.length === 1 && only !== undefined) showFolders(only);
    showSum(receipts, unclean.length, showing);
  }
  return unclean.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Whole or not at all: a receipt that is half written would be believed. */
export function saveReceipts(file: string, receipts: readonly AccountReceipt[]): void {
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, `${JSON.stringify(asJson(receipts), undefined, 2)}\n`);
  renameSync(beside, file);
}

function asJson(receipts: readonly AccountReceipt[]): object {
  const accounts = receipts.map((receipt) => ({
    ...receipt,
    isClean: isClean(receipt),
    total: sumOf(receipt.folders),
  }));
  return { accounts, total: sumOf(receipts.flatMap(({ folders }) => folders)) };
}

const HEAD = ['FOLDER', 'MAILBOX', 'FOUND', 'BROUGHT', 'THERE', 'EQUAL', 'REFUSED'] as const;

function showFolders({ folders, leftOut }: AccountReceipt): void {
  const rows = folders.map((one) => [
    ...[one.folder, one.mailbox],
    ...[one.found, one.brought, one.there, one.equal, one.refused].map(String),
  ]);
  if (rows.length > 0) for (const line of table([HEAD, ...rows])) print(line);
  for (const { where, why } of leftOut) note(`${where}: left out: ${why}`);
  for (const folder of folders) noteUids(folder);
}

/** Whether clients keep what they have downloaded. */
function noteUids({ mailbox, uids, lostUids, brought, lostKeywords }: FolderReceipt): void {
  if (lostKeywords > 0)
    note(
      `${mailbox}: ${counted(lostKeywords, 'message')} came in without all keywords: it has as many as it may have`,
    );
  if (uids === undefined || brought === 0) return;
  if (uids !== 'kept')
    note(`${mailbox}: what was brought has new UIDs, for ${uids.why}; clients download it again`);
  else if (lostUids > 0)
    note(`${mailbox}: ${counted(lostUids, 'message')} with new UIDs, for other mail came in between`);
  else print(`${mailbox}: UIDs and UIDVALIDITY are those of the server before`);
}

function showSum(receipts: readonly AccountReceipt[], unclean: number, showing: Showing): void {
  const { found, brought, there, refused, equal, different, bytes, vanished } = sumOf(
    receipts.flatMap(({ folders }) => folders),
  );
  const accounts = counted(receipts.length, 'account');
  if (showing.dryRun === true)
    print(`${accounts}: ${found} found, ${brought} (${humanSize(bytes)}) to bring, ${there} here already`);
  else if (showing.verify === true)
    print(
      `${accounts}: ${equal} of ${found} equal, ${different} different, ${refused} never brought or not sent`,
    );
  else
    print(
      `${accounts}: ${brought + there} of ${found - vanished} messages are here, ${brought} brought now (${humanSize(bytes)}), ${equal} of them equal, ${refused} refused`,
    );
  if (unclean > 0) print(`${counted(unclean, 'account')} not complete`);
}
