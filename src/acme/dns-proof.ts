/**
 * dns-01 (RFC 8555 §8.4) by a program of the administrator: `PROGRAM present NAME VALUE` publishes a TXT record,
 * `PROGRAM remove NAME VALUE` takes it away. No shell is between; what it says on standard error is the reason when it fails.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface DnsProof {
  /** The program. */
  readonly command: string;
  /** Whether the DNS shows it yet. */
  isShown(name: string, value: string): Promise<boolean>;
}

const run = promisify(execFile);
const COMMAND_MS = 120_000;
const SHOWN_MS = 180_000;
const LOOK_MS = 3000;

/** Resolves when the record can be seen; gives back what takes it away. Throws why it cannot be published. */
export async function publish(
  { command, isShown }: DnsProof,
  name: string,
  keyAuthorization: string,
): Promise<() => Promise<void>> {
  const record = `_acme-challenge.${name.replace(/^\*\./, '')}`;
  const value = createHash('sha256').update(keyAuthorization).digest('base64url');
  const call = (verb: string) => run(command, [verb, record, value], { timeout: COMMAND_MS });
  await call('present').catch((error: Error & { stderr?: string }) => {
    throw new Error(`${command}: ${error.stderr?.trim().split('\n').at(-1) || error.message}`, {
      cause: error,
    });
  });
  const endMs = performance.now() + SHOWN_MS;
  // What is not seen by then may be seen by the authority.
  while (!(await isShown(record, value)) && performance.now() < endMs)
    await sleep(LOOK_MS, undefined, { ref: false });
  return async () => {
    await call('remove').catch(() => undefined);
  };
}
