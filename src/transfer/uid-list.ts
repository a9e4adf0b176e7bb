/**
 * Dovecot's `dovecot-uidlist` (version 3) beside the files of a Maildir folder: the UIDs by which IMAP clients know its
 * messages, and under which name its POP3 server told programs of each. Programs that find others fetch everything again.
 *
 *     3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
 *     25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394
 *     25017 W2481 Pold-server-17 :1276533073.M242911P3632.kurkku,S=1438
 *
 * The header has UIDVALIDITY behind V, UIDNEXT behind N and the mailbox's GUID; a line has the UID, facts of a letter each,
 * and the file without its flags. Dovecot appends lines without touching the header, so a UID may be beyond N.
 * `P` is a name that was itself brought along; without it Dovecot makes one (`pop3_uidl_format`, by default UID and
 * UIDVALIDITY in hexadecimal, eight digits each).
 */
export const UID_LIST_FILE = 'dovecot-uidlist';

export interface UidList {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** By the name of its file, whatever flags that has now. */
  find(file: string): UidListEntry | undefined;
}

export interface UidListEntry {
  readonly uid: number;
  readonly externalId: string;
}

const MAX_UINT32 = 0xffff_ffff;

/** Undefined when it is of no version we know. */
export function parseUidList(text: string): UidList | undefined {
  const [head = '', ...lines] = text.split('\n');
  if (!head.startsWith('3 ')) return undefined;
  const uidValidity = numberOf(/ V(\d{1,10})(?: |$)/.exec(head)?.[1]);
  if (uidValidity === undefined) return undefined;
  let uidNext = numberOf(/ N(\d{1,10})(?: |$)/.exec(head)?.[1]) ?? 1;
  const entries = new Map<string, UidListEntry>();
  const byBase = new Map<string, UidListEntry>();
  for (const line of lines) {
    const at = line.indexOf(' :');
    const [first, ...facts] = line.slice(0, Math.max(at, 0)).split(' ');
    const uid = numberOf(first);
    if (at < 0 || uid === undefined) continue;
    const file = uniqueName(line.slice(at + 2));
    const given = facts.find((fact) => fact.startsWith('P'))?.slice(1);
    const entry = { uid, externalId: given || hex(uid) + hex(uidValidity) };
    // The same file twice was given a second UID; the first one is gone.
    entries.set(file, entry);
    byBase.set(baseName(file), entry);
    uidNext = Math.max(uidNext, uid + 1);
  }
  const find = (file: string): UidListEntry | undefined =>
    entries.get(uniqueName(file)) ?? byBase.get(baseName(uniqueName(file)));
  return { uidValidity, uidNext, find };
}

/** Without the flags. */
function uniqueName(file: string): string {
  return file.split(/[:;!]2,/)[0] as string;
}

/** Without the sizes either, which Dovecot adds to some names afterwards. */
function baseName(file: string): string {
  return file.split(',')[0] as string;
}

function numberOf(digits: string | undefined): number | undefined {
  const number = /^\d{1,10}$/.test(digits ?? '') ? Number(digits) : 0;
  return number > 0 && number <= MAX_UINT32 ? number : undefined;
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}
