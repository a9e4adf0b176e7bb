/** A reporter of the test runner that says, when all is through, which files took longest. */
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

const SHOWN = 10;

export default async function* slowest(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files: { readonly name: string; readonly ms: number }[] = [];
  for await (const { type, data } of events) {
    // The process of a file reports as a test that is called like the file.
    if (type !== 'test:complete' || data.nesting !== 0 || data.file === undefined) continue;
    const path = resolve(data.name);
    if (path === data.file) files.push({ name: relative('', path), ms: data.details.duration_ms });
  }
  files.sort((a, b) => b.ms - a.ms);
  yield `slowest of ${files.length} files, in seconds:\n`;
  for (const { name, ms } of files.slice(0, SHOWN)) yield `${(ms / 1000).toFixed(1).padStart(7)}  ${name}\n`;
}
