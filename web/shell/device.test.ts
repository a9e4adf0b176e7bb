import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Device } from './device.ts';
import { coveredBy } from './viewport.ts';

function windowOf(width: number, stored: Readonly<Record<string, string>> = {}) {
  const kept = new Map(Object.entries(stored));
  const listeners: (() => void)[] = [];
  const state = { width };
  return {
    kept,
    resize: (to: number) => {
      state.width = to;
      for (const listener of listeners) listener();
    },
    root: { dataset: {} as DOMStringMap },
    matchMedia: (query: string) => ({
      get matches() {
        return state.width >= Number(/\d+/.exec(query)?.[0]);
      },
      addEventListener: (_: 'change', listener: () => void) => void listeners.push(listener),
    }),
    storage: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    },
  };
}

test('three widths, and rows that fit a finger on the narrow one', () => {
  const window = windowOf(390, { density: 'compact' });
  const device = new Device(window);
  assert.deepEqual([device.width.value, device.rowHeight], ['phone', 76]);
  window.resize(900);
  assert.deepEqual([device.width.value, device.rowHeight], ['tablet', 40]);
  window.resize(1280);
  device.setDensity('comfortable');
  assert.deepEqual([device.width.value, device.rowHeight], ['computer', 60]);
});

test('light or dark is this device’s own choice, and can be taken back', () => {
  const window = windowOf(390, { scheme: 'nonsense' });
  const device = new Device(window);
  assert.equal(device.scheme.value, 'system');
  device.setScheme('dark');
  assert.deepEqual([window.root.dataset.scheme, window.kept.get('scheme')], ['dark', 'dark']);
  device.setScheme('system');
  assert.deepEqual([window.root.dataset.scheme, window.kept.has('scheme')], [undefined, false]);
});

test('what the keyboard covers', () => {
  const view = { height: 500, offsetTop: 0, scale: 1, addEventListener: () => {} };
  assert.equal(coveredBy({ innerHeight: 844, visualViewport: view }), 344);
  assert.equal(coveredBy({ innerHeight: 844, visualViewport: { ...view, scale: 2 } }), 0);
  assert.equal(coveredBy({ innerHeight: 500, visualViewport: view }), 0);
  assert.equal(coveredBy({ innerHeight: 500, visualViewport: null }), 0);
});
