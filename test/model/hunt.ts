/** Runs of the model in memory until one fails, which it prints: `node test/model/hunt.ts SEED RUNS STEPS`. */
import { run } from './run.ts';
import { memorySource } from './sources.ts';

const [first = 1, count = 100, steps = 400] = process.argv.slice(2).map(Number);
for (let seed = first; seed < first + count; seed++) {
  const { error } = await run({ seed, steps, source: memorySource });
  if (error === undefined) continue;
  console.log(`seed ${seed}: ${error.message}`);
  process.exitCode = 1;
  break;
}
