/**
 * What a client is told of the results of its searches (RFC 5267 §4.3), applied to what it had, is what the same commands
 * return, whatever it and two others do at once.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { Dice, step } from './kit/imap-steps.ts';
import { runs } from './kit/runs.ts';

const STEPS = 40;

interface Asked {
  readonly command: 'SEARCH' | 'UID SEARCH' | 'SORT' | 'UID SORT';
  readonly rest: string;
}

const SEARCHES: readonly Asked[] = [
  { command: 'UID SEARCH', rest: 'UNSEEN' },
  { command: 'SEARCH', rest: 'NOT DELETED' },
  { command: 'UID SEARCH', rest: 'UID 5:*' },
  { command: 'UID SEARCH', rest: 'UID *' },
  { command: 'SEARCH', rest: 'OR FLAGGED BODY pigeon' },
  { command: 'UID SORT', rest: '(SUBJECT REVERSE ARRIVAL) UTF-8 ALL' },
  { command: 'SORT', rest: '(REVERSE SUBJECT) UTF-8 UNFLAGGED' },
  { command: 'UID SEARCH', rest: 'YOUNGER 3600' },
];

function numbers(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [low = 0, high = low] = range.split(':').map(Number);
    return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });
}

/** A result as a client keeps it, by tag. */
class Results {
  readonly lists = new Map<string, number[]>();
  readonly #bySequence = new Set<string>();

  begin(tag: string, { command }: Asked): void {
    this.lists.set(tag, []);
    if (!command.startsWith('UID')) this.#bySequence.add(tag);
  }

  hear(line: string): void {
    const [, gone] = /^(\d+) EXPUNGE$/.exec(line) ?? [];
    if (gone !== undefined) this.#renumber(Number(gone));
    const [, tag = '', data = ''] = /^ESEARCH \(TAG "([^"]+)"\)(.*)$/.exec(line) ?? [];
    const list = this.lists.get(tag);
    if (list === undefined) return;
    const [, all] = / ALL (\S+)/.exec(data) ?? [];
    if (all !== undefined) list.push(...numbers(all));
    for (const [, what, pairs = ''] of data.matchAll(/(ADDTO|REMOVEFROM) \(([^)]*)\)/g)) {
      const words = pairs.split(' ');
      for (let i = 0; i < words.length; i += 2) {
        const some = numbers(words[i + 1] as string);
        if (what === 'ADDTO') insert(list, Number(words[i]), some);
        else remove(list, Number(words[i]), some);
      }
    }
  }

  #renumber(gone: number): void {
    for (const tag of this.#bySequence) {
      const list = this.lists.get(tag) as number[];
      assert.ok(!list.includes(gone), `${gone} goes and is still in the result of ${tag}`);
      list.forEach((seq, i) => {
        if (seq > gone) list[i] = seq - 1;
      });
    }
  }
}

function insert(list: number[], position: number, some: readonly number[]): void {
  for (const one of some) assert.ok(!list.includes(one), `${one} is there already`);
  if (position > 0) list.splice(position - 1, 0, ...some);
  else list.splice(0, list.length, ...[...list, ...some].sort((a, b) => a - b));
}

function remove(list: number[], position: number, some: readonly number[]): void {
  some.forEach((one) => {
    const at = position > 0 ? position - 1 : list.indexOf(one);
    assert.equal(list[at], one);
    list.splice(at, 1);
  });
}

describe('contexts', () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap();
  });
  after(() => server.close());

  async function enter(address: string): Promise<ImapClient> {
    const client = await ImapClient.signIn(server.port, address, 'secret');
    await client.ok('SELECT INBOX');
    return client;
  }

  async function ask(client: ImapClient, tag: string, line: string): Promise<readonly string[]> {
    client.sendLine(`${tag} ${line}`);
    const { status, text, untagged } = await client.answer(tag);
    assert.equal(status, 'OK', text);
    return untagged;
  }

  for (let seed = 1; seed <= runs(4); seed++) {
    test(`the results that are kept are those that are found (seed ${seed})`, async () => {
      const address = `alice${seed}@example.com`;
      await server.kit.addAccount(address, 'secret');
      const [watcher, one, two] = [await enter(address), await enter(address), await enter(address)];
      const dice = new Dice(seed);
      for (let i = 0; i < 10; i++) await step(one, dice);
      if (seed % 2 === 0) await watcher.ok('ENABLE CONDSTORE');
      const kept = new Results();
      await watcher.ok('NOOP');
      for (const [i, asked] of SEARCHES.entries()) {
        kept.begin(`k${i}`, asked);
        for (const line of await ask(watcher, `k${i}`, `${asked.command} RETURN (UPDATE ALL) ${asked.rest}`))
          kept.hear(line);
      }
      for (let i = 0; i < STEPS; i++) {
        const own = dice.of([
          'NOOP',
          'UID FETCH 1:* FLAGS',
          'FETCH 1:* UID',
          'UID STORE 1:9 +FLAGS (\\Flagged)',
          'EXPUNGE',
        ]);
        const [answer] = await Promise.all([watcher.command(own), step(one, dice), step(two, dice)]);
        for (const line of answer.untagged) kept.hear(line);
      }
      for (const line of (await watcher.ok('NOOP')).untagged) kept.hear(line);
      for (const [i, asked] of SEARCHES.entries()) {
        const fresh = new Results();
        fresh.begin(`f${i}`, asked);
        for (const line of await ask(watcher, `f${i}`, `${asked.command} RETURN (ALL) ${asked.rest}`))
          fresh.hear(line);
        assert.deepEqual(kept.lists.get(`k${i}`), fresh.lists.get(`f${i}`), `${asked.command} ${asked.rest}`);
      }
      for (const client of [watcher, one, two]) client.close();
    });
  }

  test('so many are kept and no more; one that is cancelled makes room', async () => {
    await server.kit.addAccount('bob@example.com', 'secret');
    const client = await enter('bob@example.com');
    for (let i = 0; i < 16; i++)
      assert.deepEqual(await ask(client, `u${i}`, 'UID SEARCH RETURN (UPDATE) SEEN'), []);
    const refused = await ask(client, 'u16', 'UID SEARCH RETURN (UPDATE COUNT) SEEN');
    assert.deepEqual(refused[0], 'ESEARCH (TAG "u16") UID COUNT 0');
    assert.match(refused[1] ?? '', /^NO \[NOUPDATE "u16"\] /);
    await client.ok('CANCELUPDATE "u3" "u4" "never"');
    assert.deepEqual(await ask(client, 'u17', 'UID SORT RETURN (UPDATE) (DATE) UTF-8 SEEN'), []);
    client.close();
  });
});
