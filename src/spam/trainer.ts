/**
 * Shows rspamd what people have put into Junk and taken out of it, in the background: one message after the other, not faster than
 * `perMinute`, and never in the way of whoever moved it. What waits is in the store, so nothing is forgotten by a restart. While
 * rspamd does not answer, everything waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Lesson } from '../mailbox/model/lessons.ts';
import { forgetLessons, lessonsAfter, readLesson } from '../mailbox/operations/lessons.ts';
import type { Rspamd } from './rspamd.ts';

export interface TrainerOptions {
  readonly domain: Domain;
  readonly rspamd: Pick<Rspamd, 'learn' | 'settings'>;
  readonly log: Log;
  /** Between two looks at what waits. */
  readonly intervalMs?: number;
  readonly perMinute?: number;
}

const INTERVAL_MS = 10_000;
const PER_MINUTE = 300;
const LESSONS_AT_ONCE = 20;
/** In a row: then it is not the message. */
const MOST_FAILURES = 3;

export interface Trainer {
  stop(): Promise<void>;
}

export function startTrainer(options: TrainerOptions): Trainer {
  const { intervalMs = INTERVAL_MS, log } = options;
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= learnAll(options, stopped.signal)
      .catch((err: unknown) => log.warn({ err }, 'filters could not be taught; will try again'))
      .finally(() => {
        running = undefined;
      });
  }, intervalMs);
  timer.unref();
  return {
    async stop() {
      stopped.abort();
      clearInterval(timer);
      await running;
    },
  };
}

/** Returns when all that waits was shown, or rspamd does not answer. One message that it cannot learn holds up no other. */
async function learnAll(options: TrainerOptions, signal: AbortSignal): Promise<void> {
  const { domain } = options;
  let failures = 0;
  for (let after: Parameters<typeof lessonsAfter>[1] = 0; !signal.aborted; ) {
    const lessons = await lessonsAfter(domain, after, LESSONS_AT_ONCE);
    const last = lessons.at(-1);
    if (last === undefined) return;
    after = last.email;
    const done: Lesson[] = [];
    try {
      for (const lesson of lessons) {
        if (signal.aborted) return;
        const isLearned = await learn(options, lesson);
        failures = isLearned ? 0 : failures + 1;
        if (failures === MOST_FAILURES) return;
        if (isLearned) done.push(lesson);
        await sleep(60_000 / (options.perMinute ?? PER_MINUTE), undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await forgetLessons(domain, done);
    }
  }
}

/** False: it cannot be learned now. */
async function learn({ domain, rspamd, log }: TrainerOptions, lesson: Lesson): Promise<boolean> {
  const octets = await readLesson(domain, lesson, rspamd.settings.maxBytes).catch((error: unknown) => {
    // What cannot be read teaches nothing; `check` speaks of it.
    if (error instanceof MailboxError && error.code === 'damaged') return undefined;
    throw error;
  });
  if (octets === undefined) return true;
  const learned = await rspamd.learn(lesson.isSpam ? 'spam' : 'ham', [octets]);
  if (learned === 'failed') log.warn({ email: lesson.email }, 'rspamd did not learn; will try again');
  return learned !== 'failed';
}
