import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { View } from './view.ts';

/** A client that believes what it is told (RFC 9051 §7.5.1), and a mailbox that changes behind it. */
class Model {
  readonly view: View;
  server: number[];
  client: number[];
  next: number;
  /** Arrays a view may hold must never change: each state gets its own, as the message list promises. */
  uid: Uint32Array;

  constructor(initial: number) {
    this.server = Array.from({ length: initial }, (_, i) => i + 1);
    this.client = [...this.server];
    this.next = initial + 1;
    this.uid = Uint32Array.from(this.server);
    this.view = new View(this.list());
  }

  list(): { uid: Uint32Array; count: number } {
    return { uid: this.uid, count: this.server.length };
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) this.server.push(this.next++);
    this.uid = Uint32Array.from(this.server);
  }

  expunge(picks: readonly number[]): void {
    const gone = [...new Set(picks.map((pick) => this.server[pick % Math.max(this.server.length, 1)]))];
    const uids = gone.filter((uid) => uid !== undefined).sort((a, b) => a - b);
    this.server = this.server.filter((uid) => !uids.includes(uid));
    this.uid = Uint32Array.from(this.server);
    this.view.noteExpunged(uids);
  }

  tell(mayExpunge: boolean): void {
    const told = this.view.advance(this.list(), mayExpunge);
    for (const seq of told.expungedSeqs) {
      assert.ok(seq >= 1 && seq <= this.client.length, `EXPUNGE ${seq} of ${this.client.length}`);
      this.client.splice(seq - 1, 1);
    }
    if (!mayExpunge) assert.equal(told.expungedSeqs.length, 0);
    if (told.exists !== undefined) {
      assert.ok(told.exists > this.client.length, 'EXISTS only grows');
      // A client fetches the UIDs of what is new; the server answers from the view.
      while (this.client.length < told.exists) this.client.push(this.view.uidAt(this.client.length + 1));
    }
    assert.deepEqual([...this.view.uids], this.client, 'the view is what the client has');
    for (const [index, uid] of this.client.entries()) assert.equal(this.view.seqOf(uid), index + 1);
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('expunge' as const),
    picks: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('tell' as const), mayExpunge: fc.boolean() }),
);

test('a client that applies what it is told has exactly the view (RFC 9051 §7.5.1)', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.array(step, { maxLength: 60 }), (initial, steps) => {
      const model = new Model(initial);
      for (const one of steps) {
        if (one.kind === 'add') model.add(one.count);
        else if (one.kind === 'expunge') model.expunge(one.picks);
        else model.tell(one.mayExpunge);
      }
      model.tell(true);
      assert.deepEqual(model.client, model.server, 'in the end the client has what the server has');
    }),
    { numRuns: runs(2000) },
  );
});

test('a view that fell behind the change log finds out by comparing', () => {
  const model = new Model(6);
  model.server = [2, 5, 6];
  model.add(2);
  model.view.noteMissing(model.list());
  model.tell(true);
  assert.deepEqual(model.client, [2, 5, 6, 7, 8]);
});

test('EXISTS is not repeated for an expunge alone: some clients loop on it', () => {
  const model = new Model(3);
  model.expunge([0]);
  assert.equal(model.view.advance(model.list(), true).exists, undefined);
});

test('flags of messages the client does not know are not told', () => {
  const view = new View({ uid: Uint32Array.of(3, 5, 9), count: 3 });
  view.noteFlags([5, 7, 9, 9]);
  view.noteExpunged([9]);
  assert.deepEqual([...view.takeChanged()], [5]);
  assert.deepEqual([...view.takeChanged()], []);
});
