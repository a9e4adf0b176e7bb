/** The verbs of a change that are about what belongs to an account beside its mail. They are loaded before (`state/belongings.ts`). */
import { invariant } from '../../base/invariant.ts';
import {
  BELONGING_LIMITS,
  type BelongingKind,
  type BelongingRow,
  FIRST_BELONGING,
} from '../model/belongings.ts';
import { MailboxError } from '../model/errors.ts';
import type { ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export class BelongingChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #nowMs: number;
  readonly #takeModseq: () => ModSeq;

  constructor(
    account: WritableAccount,
    undo: Undo,
    rows: BatchRows,
    nowMs: number,
    takeModseq: () => ModSeq,
  ) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#nowMs = nowMs;
    this.#takeModseq = takeModseq;
  }

  /**
   * Gives its number, from which its value may be made. Throws MailboxError `limit`, `too-big`. `most`: so many of its kind are there then;
   * whoever says another number sees to it that they do not grow without end.
   */
  add(
    kind: BelongingKind,
    value: Buffer | ((id: number) => Buffer),
    most: number = BELONGING_LIMITS.perKind,
  ): number {
    if (most < Number.POSITIVE_INFINITY) this.#requireRoom(kind, most);
    const modseq = this.#takeModseq();
    const id = this.#highest + 1;
    const octets = typeof value === 'function' ? value(id) : value;
    this.#put({ id, kind, createdModseq: modseq, modseq, atMs: this.#nowMs, value: octets });
    return id;
  }

  /** Throws MailboxError `nonexistent`, `too-big`. */
  replace(id: number, value: Buffer): void {
    this.#put({ ...this.#there(id), modseq: this.#takeModseq(), atMs: this.#nowMs, value });
  }

  /** Throws MailboxError `nonexistent`. */
  drop(id: number): void {
    this.#put({ ...this.#there(id), modseq: this.#takeModseq(), atMs: this.#nowMs, value: undefined });
  }

  /** That they are gone is not told any more. The one with the highest number stays, or its number would be given again. */
  forget(ids: readonly number[]): void {
    const highest = this.#highest;
    for (const id of ids) {
      const row = this.#all.get(id);
      if (row?.value !== undefined || row === undefined || id === highest) continue;
      this.#takeModseq();
      this.#all.delete(id);
      this.#undo.did(() => this.#all.set(id, row));
      this.#rows.add({ kind: 'belonging-forgotten', id });
    }
  }

  #requireRoom(kind: BelongingKind, most: number): void {
    let there = 0;
    for (const row of this.#all.values()) if (row.kind === kind && row.value !== undefined) there++;
    if (there >= most) throw new MailboxError('limit', `there can be ${most} of these at most`);
  }

  get #highest(): number {
    let highest = FIRST_BELONGING - 1;
    for (const id of this.#all.keys()) if (id > highest) highest = id;
    return highest;
  }

  get #all(): Map<number, BelongingRow> {
    const { belongings } = this.#account;
    invariant(belongings !== undefined, 'belongings are loaded before they are changed');
    return belongings;
  }

  #there(id: number): BelongingRow {
    const row = this.#all.get(id);
    if (row?.value === undefined) throw new MailboxError('nonexistent', 'it is not there');
    return row;
  }

  #put(row: BelongingRow): void {
    const { valueBytes } = BELONGING_LIMITS;
    if ((row.value?.length ?? 0) > valueBytes)
      throw new MailboxError('too-big', `one of these can have ${valueBytes} octets at most`);
    this.#undo.put(this.#all, row.id, row);
    this.#rows.add({ kind: 'belonging', row });
  }
}
