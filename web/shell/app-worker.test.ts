import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppWorker } from './app-worker.ts';

/** A page of build `aa` at a server that has this one. */
function worker(serverHas: string | undefined) {
  const kept = new Map<string, string>();
  const seen = { reloads: 0 };
  const made = new AppWorker({
    ...{ container: undefined, url: '/service-worker.js', stamp: 'aa', open: () => {}, nowMs: () => 0 },
    reload: () => void seen.reloads++,
    page: async () => {
      if (serverHas === undefined) throw new TypeError('no network');
      return `<!doctype html><html lang="en" data-build="${serverHas}">`;
    },
    storage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
    },
  });
  return { made, seen };
}

test('a page whose part is not there goes over to the build that the server has, once', async () => {
  const { made, seen } = worker('bb');
  assert.equal(await made.goOver(true), true);
  assert.equal(await made.goOver(true), false, 'it would go round for ever');
  assert.equal(seen.reloads, 1);
  assert.ok(made.isNew.value);
});

test('but not while something is under way, when it is the same, or when nobody answers', async () => {
  for (const [has, mayReload] of [
    ['bb', false],
    ['aa', true],
    [undefined, true],
  ] as const) {
    const { made, seen } = worker(has);
    assert.equal(await made.goOver(mayReload), false);
    assert.deepEqual([seen.reloads, made.isNew.value], [0, has === 'bb']);
  }
});
