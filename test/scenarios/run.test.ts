/**
 * Plays every conversation of this folder. One file is one test; `scenario.ts` says how they are written.
 */
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
