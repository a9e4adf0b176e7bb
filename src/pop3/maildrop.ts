/**
 * The maildrop (RFC 1939 §5): INBOX as it was when the session signed in. Message numbers, unique ids and sizes are
 * settled here and never change until QUIT, whatever other sessions do to the mailbox. Pure.
 *
 * The UIDs are the mailbox's own array, which is never changed under its holders (`mailbox/state/message-list.ts`); only the
 * sizes are copied. Messages are named by index from 0 in here; the client counts from 1.
 */
import type { UidValidity } from '../mailbox/model/model.ts';
import type { NumberColumn, ReadonlyColumns } from '../mailbox/model/record.ts';
import { sizeOf } from './sent-form.ts';

/** In `octets`: not known until the message is read. No message is so large. */
const UNKNOWN = 0xffff_ffff;

export interface MaildropSource {
  readonly uidValidity: UidValidity;
  readonly columns: Pick<ReadonlyColumns, 'uid' | 'size' | 'traits' | 'internalDate'>;
  readonly count: number;
  /** The mode of the session: sizes are of what it sends. */
  readonly isUtf8: boolean;
  /** Older messages stay out of it: seconds since 1970. */
  readonly since?: number;
}

export interface Totals {
  readonly count: number;
  readonly octets: number;
}

export class Maildrop {
  readonly count: number;
  readonly isUtf8: boolean;
  readonly #uids: NumberColumn;
  readonly #octets: Uint32Array;
  /** Indexes whose size is not known. */
  readonly uncounted: readonly number[];
  readonly #idPrefix: string;
  #externalIds: ReadonlyMap<number, string> = new Map();
  readonly #deleted = new Set<number>();
  #octetsLeft = 0;

  constructor(source: MaildropSource) {
    const { columns, since, isUtf8 } = source;
    this.isUtf8 = isUtf8;
    const rows = since === undefined ? undefined : rowsSince(source, since);
    this.count = rows?.length ?? source.count;
    this.#uids =
      rows === undefined ? columns.uid : Uint32Array.from(rows, (row) => columns.uid[row] as number);
    this.#octets = new Uint32Array(this.count);
    const uncounted: number[] = [];
    for (let i = 0; i < this.count; i++) {
      const row = rows === undefined ? i : (rows[i] as number);
      const octets = sizeOf(columns.size[row] as number, columns.traits[row] as number, isUtf8);
      this.#octets[i] = octets ?? UNKNOWN;
      if (octets === undefined) uncounted.push(i);
      else this.#octetsLeft += octets;
    }
    this.uncounted = uncounted;
    this.#idPrefix = hex(source.uidValidity);
  }

  /** Names that messages came with from another server, by UID. */
  nameBy(externalIds: ReadonlyMap<number, string>): void {
    this.#externalIds = externalIds;
  }

  /** Settles the size of one that was `uncounted`. */
  setOctets(index: number, octets: number): void {
    if (this.#octets[index] === UNKNOWN) this.#octetsLeft += octets;
    this.#octets[index] = octets;
  }

  /** What STAT says: without those marked as deleted. */
  get totals(): Totals {
    return { count: this.count - this.#deleted.size, octets: this.#octetsLeft };
  }

  uidOf(index: number): number {
    return this.#uids[index] as number;
  }

  octetsOf(index: number): number {
    return this.#octets[index] as number;
  }

  /**
   * RFC 1939 §7: 1 to 70 printable characters, the same in every session, never given to another message. UIDVALIDITY
   * and UID are both of that kind; in fixed-width hexadecimal, since Outlook 2003 misread two decimal numbers.
   */
  uniqueIdOf(index: number): string {
    const uid = this.uidOf(index);
    const external = this.#externalIds.get(uid);
    // One that looks like ours could be that of another message.
    if (external !== undefined && !external.startsWith(this.#idPrefix)) return external;
    return this.#idPrefix + hex(uid);
  }

  isDeleted(index: number): boolean {
    return this.#deleted.has(index);
  }

  markDeleted(index: number): void {
    if (this.#deleted.has(index)) return;
    this.#deleted.add(index);
    this.#octetsLeft -= this.octetsOf(index);
  }

  /** RSET. */
  unmarkAll(): void {
    for (const index of this.#deleted) this.#octetsLeft += this.octetsOf(index);
    this.#deleted.clear();
  }

  /** Ascending. */
  get deletedUids(): number[] {
    return [...this.#deleted].sort((a, b) => a - b).map((index) => this.uidOf(index));
  }
}

function rowsSince({ columns, count }: MaildropSource, since: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row++) if ((columns.internalDate[row] as number) >= since) rows.push(row);
  return rows;
}

function hex(n: number): string {
  return n.toString(16).padStart(8, '0');
}
