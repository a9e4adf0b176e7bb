/**
 * Plays every conversation of this folder, and the example of `docs/SCENARIOS.md`, which says how they are written. One
 * file is one test.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { playScenario } from './scenario.ts';

const FOLDER = import.meta.dirname;
/** To play some of them: `SCENARIO=rfc7162 npm test -- scenarios`. */
const ONLY = process.env.SCENARIO ?? '';

describe('scenarios', { concurrency: 8 }, () => {
  for (const name of readdirSync(FOLDER).sort()) {
    if (!name.endsWith('.txt') || !name.includes(ONLY)) continue;
    test(name.slice(0, -4), () => playScenario(readFileSync(join(FOLDER, name), 'utf8')));
  }
});

/** What an account that another worker holds could get wrong: the sign-in, what is pipelined, pushed, large, and the end. */
const RELAYED = [
  'rfc9051-6.2-sign-in',
  'rfc9051-6.2.1-starttls',
  'rfc2177-idle',
  'rfc5465-notify',
  'rfc3502-multiappend',
  'rfc7162-3.2.5-select-qresync',
  'rfc5161-enable',
  'limit-invalid-commands',
  'limit-wrong-passwords',
  'quirk-l1-bye-on-shutdown',
  'quirk-a9-done-and-next-command-in-one-segment',
];

describe('scenarios through the relay', { concurrency: 4 }, () => {
  for (const name of RELAYED) {
    const source = readFileSync(join(FOLDER, `${name}.txt`), 'utf8');
    test(name, () => playScenario(source, { isRelayed: true }));
  }
});

/** Grammars whose commands come in pieces of one octet: nothing depends on how the network cuts them. */
const CUT = [
  'rfc4467-urlauth',
  'rfc4469-catenate',
  'rfc5267-contexts',
  'rfc5465-5.1-flags-and-delay',
  'rfc5466-filters',
  'rfc6203-fuzzy',
  'rfc8437-unauthenticate',
  'rfc9586-uidonly',
  'uidbatches',
  'x-gm-ext-1',
  'xapplepushservice',
];

describe('scenarios in single octets', { concurrency: 4 }, () => {
  for (const name of CUT) {
    const source = readFileSync(join(FOLDER, `${name}.txt`), 'utf8');
    test(name, () => playScenario(source, { isCut: true }));
  }
});

test('the page about scenarios shows one that is played, and names everything there is', async () => {
  const page = readFileSync(join(FOLDER, '..', '..', 'docs', 'SCENARIOS.md'), 'utf8');
  const example = page.split('\n').filter((line) => line.startsWith('    '));
  await playScenario(example.map((line) => line.slice(4)).join('\n'));
  const player = readFileSync(join(FOLDER, 'scenario.ts'), 'utf8');
  const directives = [...player.matchAll(/case '(@\w+)'/g)].map(([, name]) => name as string);
  assert.ok(directives.length > 8);
  for (const name of directives) assert.ok(page.includes(`\`${name}`), name);
});
