/** Every pair of colours that text is written in has the contrast it needs, light and dark (WCAG 2.2, 1.4.3 and 1.4.11). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const CSS = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');
const ROOT = CSS.slice(0, CSS.indexOf('@media'));
const COLOURS = new Map(
  [...ROOT.matchAll(/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name as string, [light as string, dark as string] as const],
  ),
);
const GROUNDS = ['paper', 'sheet', 'hover', 'dove-wash'];
const TEXTS = ['ink', 'ink-2', 'ink-3', 'dove', 'dove-strong', 'seal', 'good', 'warn'];
const HUES = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => `hue-${number}`);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function assertContrast(front: string, ground: string, least: number): void {
  for (const scheme of [0, 1] as const) {
    const [above, below] = [COLOURS.get(front)?.[scheme], COLOURS.get(ground)?.[scheme]];
    assert.ok(above && below, `${front} on ${ground}`);
    const found = contrast(above, below);
    assert.ok(
      found >= least,
      `${front} on ${ground}, ${scheme === 0 ? 'light' : 'dark'}: ${found.toFixed(2)}`,
    );
  }
}

test('text can be read on every ground', () => {
  for (const ground of GROUNDS) for (const front of TEXTS) assertContrast(front, ground, 4.5);
  assertContrast('on-dove', 'dove', 4.5);
  assertContrast('on-dove', 'dove-strong', 4.5);
});

test('the letter of an avatar can be read, and hues can be told from the ground', () => {
  for (const hue of HUES) {
    assertContrast('on-hue', hue, 4.5);
    assertContrast(hue, 'paper', 3);
  }
});

test('the edges of fields can be seen', () => {
  for (const ground of ['paper', 'sheet']) assertContrast('line-strong', ground, 3);
});
