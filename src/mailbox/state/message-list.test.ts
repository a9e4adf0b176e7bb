import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { asMailboxId } from '../model/model.ts';
import { type MessageRecord, packRecords, recordAt, unpackRecords } from '../model/record.ts';
import type { ChunkRow } from '../port/store.ts';
import { WritableMessageList } from './message-list.ts';

const mailbox = asMailboxId(1);

function aRecord(uid: number, change: Partial<MessageRecord> = {}): MessageRecord {
  return {
    uid,
    email: uid + 7,
    modseq: uid * 3,
    flags: uid % 32,
    traits: uid % 8,
    keywordSet: uid % 5,
    internalDate: 1_700_000_000 + uid,
    size: uid * 100,
    saveDate: 1_700_000_100 + uid,
    ...change,
  };
}

/** What the store would hold: rows by key, as `takeDirty` asks for. */
class Rows {
  readonly rows = new Map<number, ChunkRow>();

  save(list: WritableMessageList): void {
    const { chunks, dropped } = list.takeDirty(mailbox);
    for (const first of dropped) this.rows.delete(first);
    for (const chunk of chunks) this.rows.set(chunk.first, chunk);
  }

  load(): WritableMessageList {
    const sorted = [...this.rows.values()].sort((a, b) => a.first - b.first);
    return WritableMessageList.of(sorted, true, 0);
  }
}

const records = (list: WritableMessageList): MessageRecord[] =>
  Array.from({ length: list.count }, (_, row) => recordAt(list.columns, row));

test('records survive packing, with the extremes of every field', () => {
  const extremes = [
    aRecord(1, { modseq: 2 ** 48 - 1, internalDate: -62_000_000_000, size: 0xffff_ffff }),
    aRecord(0x7fff_ffff, {
      size: 1,
      traits: 0xff,
      keywordSet: 0xffff,
      internalDate: 2 ** 46,
      saveDate: 0xffff_ffff,
      flags: 31,
    }),
  ];
  assert.deepEqual(unpackRecords(packRecords(extremes)), extremes);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({
    kind: fc.constant('remove' as const),
    picks: fc.array(fc.nat(2000), { minLength: 1, maxLength: 90 }),
  }),
  fc.record({ kind: fc.constant('flags' as const), pick: fc.nat(2000) }),
  fc.record({ kind: fc.constant('save' as const) }),
);
const steps = fc.array(fc.record({ step, isUndone: fc.boolean() }), { maxLength: 25 });

test('what is stored is what is in memory, and undoing leaves no trace', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const list = new WritableMessageList(true, 0);
      const rows = new Rows();
      let model: MessageRecord[] = [];
      let next = 1;
      for (const { step: one, isUndone } of all) {
        const before = model;
        const heldUids = list.columns.uid;
        const heldCount = list.count;
        const held = [...heldUids.subarray(0, heldCount)];
        const undo: (() => void)[] = [];
        if (one.kind === 'append') {
          const from = next;
          for (let i = 0; i < one.count; i++) {
            const record = aRecord(next++);
            list.append(record);
            undo.unshift(() => list.unappend(1));
            model = [...model, record];
          }
          if (isUndone) next = from;
        } else if (one.kind === 'remove' && model.length > 0) {
          const picked = new Set(one.picks.map((pick) => pick % before.length));
          undo.push(list.remove([...picked].sort((a, b) => a - b)));
          model = model.filter((_, row) => !picked.has(row));
        } else if (one.kind === 'flags' && model.length > 0) {
          const first = one.pick % model.length;
          const rows = [first, first + 1, first + 40].filter((row) => row < before.length);
          const flags = rows.map((row) => row % 32);
          undo.push(list.setFlags({ rows, flags, keywordSets: rows.map(() => 2) }, 99_999));
          model = model.map((was, row) =>
            rows.includes(row) ? { ...was, flags: row % 32, keywordSet: 2, modseq: 99_999 } : was,
          );
        } else if (one.kind === 'save') {
          rows.save(list);
        }
        assert.deepEqual(
          [...heldUids.subarray(0, heldCount)],
          held,
          'an array a session holds stays as it is',
        );
        if (isUndone) {
          for (const back of undo) back();
          model = before;
        }
        assert.deepEqual(records(list), model);
      }
      rows.save(list);
      assert.deepEqual(records(rows.load()), model);
    }),
    { numRuns: runs(150) },
  );
});

test('a list completed around its tail is whole', () => {
  const whole = new WritableMessageList(true, 0);
  const rows = new Rows();
  for (let uid = 1; uid <= 500; uid++) whole.append(aRecord(uid));
  rows.save(whole);
  const sorted = [...rows.rows.values()].sort((a, b) => a.first - b.first);
  const tail = WritableMessageList.of(sorted.slice(-1), false, 0);
  tail.append(aRecord(501));
  const complete = WritableMessageList.of(sorted.slice(0, -1), true, 0);
  complete.adoptTail(tail);
  assert.equal(complete.count, 501);
  complete.append(aRecord(502));
  rows.save(complete);
  assert.deepEqual(
    records(rows.load()).map((record) => record.uid),
    Array.from({ length: 502 }, (_, i) => i + 1),
  );
  assert.equal(complete.indexOf(250), 249);
  assert.equal(complete.indexOf(900), -1);
});

test('undoing a removal that merged chunks leaves the one that was changed before to be stored', () => {
  const list = new WritableMessageList(true, 0);
  for (let uid = 1; uid <= 360; uid++) list.append(aRecord(uid));
  const remove = (from: number, to: number) =>
    list.remove(Array.from({ length: to - from + 1 }, (_, i) => list.indexOf(from) + i));
  // Each is next to a full one while it shrinks, so none is merged.
  remove(261, 360);
  remove(125, 240);
  remove(21, 120);
  const rows = new Rows();
  rows.save(list);
  assert.deepEqual([...rows.rows.keys()], [1, 121, 241]);
  list.setFlags({ rows: [list.indexOf(122)], flags: [31], keywordSets: [0] }, 5000);
  remove(241, 250)();
  rows.save(list);
  assert.deepEqual(records(rows.load()), records(list));
});
