/**
 * By what a message is known again that was brought from a folder of another server. Its import key is
 *
 *     8 octets of the SHA-256 of who it belongs to and the folder's name, UIDVALIDITY, UID (four octets each, big-endian)
 *
 * kept in the store in the change that added the message, with its UID here and a number for its flags there. So a run that is
 * killed anywhere goes on without doubles and without loss, and all that was brought from a folder is one range of keys.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { foldKeyword } from '../../mail/flags.ts';
import type { MigrationAccess, TracedMessage } from './migration-access.ts';

const FOLDER_BYTES = 8;
const PAGE = 5000;

/** `source` is `user@host`, lower case. */
export function folderMark(source: string, folder: string): Buffer {
  return createHash('sha256').update(`imap\0${source}\0${folder}`).digest().subarray(0, FOLDER_BYTES);
}

export function importKey(folder: Buffer, uidValidity: number, uid: number): Buffer {
  const place = Buffer.alloc(8);
  place.writeUInt32BE(uidValidity, 0);
  place.writeUInt32BE(uid, 4);
  return Buffer.concat([folder, place]);
}

/** Of the flags and keywords as the source has them. */
export function marksOf(flags: number, keywords: readonly string[]): number {
  return crc32(`${flags} ${keywords.map(foldKeyword).sort().join(' ')}`);
}

/** A message that was brought before: where it went, and the marks it had. */
export interface Brought {
  readonly uid: number;
  readonly marks: number;
}

/** What was brought from one folder into one mailbox. */
export class Journal {
  readonly folder: Buffer;
  readonly uidValidity: number;
  /** By the UID there. */
  readonly brought = new Map<number, Brought>();
  /** With a UIDVALIDITY that the folder does not have any more: UIDs here. */
  readonly stale: number[] = [];

  private constructor(folder: Buffer, uidValidity: number) {
    this.folder = folder;
    this.uidValidity = uidValidity;
  }

  static async load(
    access: MigrationAccess,
    address: string,
    mailbox: string,
    { folder, uidValidity }: { readonly folder: Buffer; readonly uidValidity: number },
  ): Promise<Journal> {
    const journal = new Journal(folder, uidValidity);
    for (let after: Buffer | undefined; ; ) {
      const range = { folder, ...(after && { after }) };
      const page = await access.loadTraces(address, mailbox, range, PAGE);
      for (const trace of page) journal.#take(trace);
      if (page.length < PAGE) return journal;
      after = page.at(-1)?.key;
    }
  }

  /** Of nothing yet. */
  static empty(folder: Buffer, uidValidity: number): Journal {
    return new Journal(folder, uidValidity);
  }

  keyOf(uid: number): Buffer {
    return importKey(this.folder, this.uidValidity, uid);
  }

  #take({ key, uid, marks }: TracedMessage): void {
    if (key.readUInt32BE(FOLDER_BYTES) === this.uidValidity)
      this.brought.set(key.readUInt32BE(FOLDER_BYTES + 4), { uid, marks });
    else this.stale.push(uid);
  }
}
