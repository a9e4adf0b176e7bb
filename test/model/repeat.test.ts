/** A run of the model is repeated by its seed: what is asked for, how it ends, and every turn as it comes to the store. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AccountBatch, MailStore } from '../../src/mailbox/port/store.ts';
import { seedOf } from '../crash/random.ts';
import { run } from './run.ts';
import { memorySource } from './sources.ts';
import type { StoreSource } from './world.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const SEEDS = 6;
const STEPS = 300;

for (let seed = SEED; seed < SEED + SEEDS; seed++)
  test(`a run is the same again (BREVDUVA_TEST_SEED=${seed})`, async () => {
    const first = await traceOf(seed);
    const second = await traceOf(seed);
    const at = first.findIndex((line, i) => line !== second[i]);
    assert.equal(at, -1, `line ${at}: ${first[at]}, then ${second[at]}`);
    assert.equal(first.length, second.length);
    assert.ok(first.some((line) => line.startsWith('turn')));
  });

async function traceOf(seed: number): Promise<readonly string[]> {
  const turns: string[] = [];
  const source = async (): Promise<StoreSource> => {
    const { open, dispose } = await memorySource();
    return { open: async () => listened(await open(), turns), dispose };
  };
  const { error, log } = await run({ seed, steps: STEPS, source });
  return [...log, ...turns, `${error?.message}`];
}

function listened(store: MailStore, turns: string[]): MailStore {
  const write = (batches: readonly AccountBatch[]) => {
    turns.push(`turn ${batches.map(({ account, expect }) => `${account} ${expect}`)} ${hashOf(batches)}`);
    return store.write(batches);
  };
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = name === 'write' ? write : Reflect.get(target, name);
      return typeof value === 'function' && name !== 'write' ? value.bind(target) : value;
    },
  });
}

/** Without what is hidden by a secret that each account draws for itself. */
function hashOf(batches: readonly AccountBatch[]): string {
  const shown = batches.map(({ changes, ...batch }) => {
    return { ...batch, changes: changes.filter(({ kind }) => !kind.startsWith('correspond')) };
  });
  return createHash('sha1').update(JSON.stringify(shown)).digest('hex').slice(0, 12);
}
