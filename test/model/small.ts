/**
 * The sources with small numbers: as many messages a slice, rows a page and records a row as a run of the model passes many times. What
 * goes wrong between two slices shows in thousands of messages else. `node --import ./test/model/small.ts …`.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

type Small = readonly [file: string, was: string, is: string];

const MAILBOX = 'src/mailbox';

export const SMALL: readonly Small[] = [
  [`${MAILBOX}/operations/slice.ts`, 'LEAST = 1000', 'LEAST = 2'],
  [`${MAILBOX}/operations/flags.ts`, 'SLICE = 1000', 'SLICE = 2'],
  [`${MAILBOX}/operations/copy.ts`, '(i & 1023) === 0', 'i >= 0'],
  [`${MAILBOX}/operations/copy-across.ts`, 'MESSAGES_PER_SLICE = 50', 'MESSAGES_PER_SLICE = 2'],
  [`${MAILBOX}/operations/expunge.ts`, '(row & 1023) === 0', 'row >= 0'],
  [`${MAILBOX}/operations/change-emails.ts`, 'SLICE = 500', 'SLICE = 2'],
  [`${MAILBOX}/operations/deliver.ts`, 'SLICE = 100', 'SLICE = 2'],
  [`${MAILBOX}/model/record.ts`, 'CHUNK_CAPACITY = 120', 'CHUNK_CAPACITY = 6'],
  [`${MAILBOX}/reading/moment.ts`, 'ROWS_PER_LOAD = 200', 'ROWS_PER_LOAD = 3'],
  [`${MAILBOX}/reading/expunged-uids.ts`, 'ROWS_PER_LOAD = 200', 'ROWS_PER_LOAD = 2'],
  [`${MAILBOX}/reading/external-ids.ts`, 'SLICE = 2000', 'SLICE = 2'],
  [`${MAILBOX}/reading/deleted-mail.ts`, 'ROWS_PER_LOAD = 20', 'ROWS_PER_LOAD = 2'],
  [`${MAILBOX}/reading/expunged-records.ts`, 'ROWS_PER_LOAD = 10', 'ROWS_PER_LOAD = 1'],
  [`${MAILBOX}/state/belongings.ts`, 'ROWS_AT_ONCE = 200', 'ROWS_AT_ONCE = 2'],
  [`${MAILBOX}/state/load.ts`, 'SLICE = 50', 'SLICE = 2'],
  [`${MAILBOX}/state/change-log.ts`, 'MAX_MESSAGES = 20_000', 'MAX_MESSAGES = 12'],
  [`${MAILBOX}/state/change-log.ts`, 'MIN_RECORDS = 64', 'MIN_RECORDS = 4'],
  [`${MAILBOX}/upkeep/too-much-kept.ts`, 'ROWS_PER_LOAD = 20', 'ROWS_PER_LOAD = 2'],
  [`${MAILBOX}/upkeep/reaper.ts`, 'RECORDS_PER_CHANGE = 100', 'RECORDS_PER_CHANGE = 2'],
  [`${MAILBOX}/upkeep/reaper.ts`, 'ROWS_PER_LOAD = 50', 'ROWS_PER_LOAD = 2'],
  [`${MAILBOX}/upkeep/reaper.ts`, 'PRUNED_PER_CHANGE = 500', 'PRUNED_PER_CHANGE = 3'],
  [`${MAILBOX}/upkeep/retain.ts`, 'CHUNKS_PER_PAGE = 8', 'CHUNKS_PER_PAGE = 1'],
  [`${MAILBOX}/upkeep/retain.ts`, 'MESSAGES_PER_CHANGE = 100', 'MESSAGES_PER_CHANGE = 2'],
  [`${MAILBOX}/upkeep/waker.ts`, 'ROWS_PER_PAGE = 200', 'ROWS_PER_PAGE = 2'],
  [`${MAILBOX}/upkeep/check-account.ts`, 'CHUNKS_PER_READ = 50', 'CHUNKS_PER_READ = 2'],
  [`${MAILBOX}/upkeep/check-account.ts`, 'EMAILS_PER_READ = 2000', 'EMAILS_PER_READ = 5'],
  [`${MAILBOX}/upkeep/check-account.ts`, 'HISTORY_PER_READ = 500', 'HISTORY_PER_READ = 3'],
  [`${MAILBOX}/change/place-changes.ts`, 'MOST_AT_ONCE = 10_000', 'MOST_AT_ONCE = 5'],
  [`${MAILBOX}/change/history-changes.ts`, 'EXPUNGED_PER_ROW = 1000', 'EXPUNGED_PER_ROW = 3'],
  [`${MAILBOX}/change/history-changes.ts`, 'EMAILS_PER_ROW = 16_384', 'EMAILS_PER_ROW = 3'],
  [`${MAILBOX}/change/turns.ts`, 'ROWS_PER_TURN = 200', 'ROWS_PER_TURN = 3'],
  ['src/pop3/quit.ts', 'AT_ONCE = 5000', 'AT_ONCE = 2'],
  [`${MAILBOX}/reading/changed-emails.ts`, '(row & 1023) === 0', 'row >= 0'],
  [`${MAILBOX}/state/load-places.ts`, '(row & 1023) === 0', 'row >= 0'],
  [`${MAILBOX}/query/mailbox-counts.ts`, '(row & 1023) === 0', 'row >= 0'],
  ['test/model/step.ts', 'SLICE = 1000', 'SLICE = 2'],
  ['test/model/steps.ts', 'AT_ONCE = 5000', 'AT_ONCE = 2'],
];

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The file's text with its small numbers; undefined when it has none. */
export function smallTextOf(file: string): string | undefined {
  const edits = SMALL.filter(([one]) => one === file);
  if (edits.length === 0) return undefined;
  let text = readFileSync(ROOT + file, 'utf8');
  for (const [, was, is] of edits) {
    if (text.split(was).length !== 2) throw new Error(`${file} has this not once: ${was}`);
    text = text.replace(was, () => is);
  }
  return text;
}

registerHooks({
  load(url, context, nextLoad) {
    const file = url.startsWith('file:') ? fileURLToPath(url) : '';
    const text = file.startsWith(ROOT) ? smallTextOf(file.slice(ROOT.length)) : undefined;
    if (text === undefined) return nextLoad(url, context);
    return { format: 'module-typescript', source: text, shortCircuit: true };
  },
});
