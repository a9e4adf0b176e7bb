/** For how long mail is kept, from the configuration and what accounts have different; and the time by which it is given up. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Option } from '../config/option.ts';
import { type Config, OPTIONS } from '../config/options.ts';
import type { Keeping, KeepingClock } from '../mailbox/keeping.ts';
import type { AccountRecord, Role } from '../mailbox/model/model.ts';
import { KnownTime, type TimeMemory } from '../mailbox/upkeep/known-time.ts';

const { trash, junk } = OPTIONS.retention;

/** By the name under which an account keeps it. */
export const RETENTION_ACCOUNT_SETTINGS = Object.freeze({
  'retention.trash': trash,
  'retention.junk': junk,
});

export function keepingOf(
  { retention, recovery }: Pick<Config, 'retention' | 'recovery'>,
  clock: KeepingClock,
): Keeping {
  return {
    clock,
    recoverMs: recovery.keep,
    recoverBytes: ({ bytes }) => bytes ?? recovery.max,
    retentionMs({ settings }: AccountRecord, role: Role | undefined): number | undefined {
      if (role !== 'trash' && role !== 'junk') return undefined;
      const ms = chosen(`retention.${role}`, settings, retention[role]);
      return ms === 0 ? undefined : ms;
    },
  };
}

function chosen(
  name: keyof typeof RETENTION_ACCOUNT_SETTINGS,
  own: AccountRecord['settings'],
  otherwise: number,
): number {
  const option: Option<number> = RETENTION_ACCOUNT_SETTINGS[name];
  const parsed = own[name] === undefined ? undefined : option.schema.safeParse(own[name]);
  return parsed?.success === true ? parsed.data : otherwise;
}

const WRITE_MS = 10 * 60_000;
const momentSchema = z.number().int().min(0);
const MemorySchema = z.object({
  knownMs: momentSchema,
  waitedMs: z.number().min(0),
  jumps: z.array(z.object({ beforeMs: momentSchema, afterMs: momentSchema })).default([]),
});

/** What is known of the time when the server starts: a clock that was wrong then must not make everything old. */
export function knownTimeOf({ data }: Pick<Config, 'data'>, clock: Clock, log: Log): KnownTime {
  return new KnownTime({ clock, log, memory: readMemory(join(data, FILE)) });
}

const FILE = 'known-time.json';

function readMemory(path: string): TimeMemory | undefined {
  try {
    return MemorySchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Writes down how far time has come, now and then; one of several processes does. Gives the way to end it. */
export function rememberTime(time: KnownTime, { data }: Pick<Config, 'data'>, log: Log): () => Promise<void> {
  const path = join(data, FILE);
  const write = (): void => {
    try {
      writeFileSync(`${path}.new`, JSON.stringify(time.memory), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (err) {
      log.debug({ err }, 'how far time has come is kept in memory alone');
    }
  };
  const timer = setInterval(write, WRITE_MS).unref();
  return async () => {
    clearInterval(timer);
    write();
  };
}
