/**
 * mbsync (isync) with one account: a configuration of its own in a folder of its own, and what it did.
 */

import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { certificateOf } from './certificate.ts';
import { ALICE, type Person, type Ports } from './home.ts';
import { Maildir } from './maildir.ts';
import { type Outcome, run, start } from './program.ts';

export interface MbsyncOptions {
  readonly ports: Ports;
  readonly security: 'IMAPS' | 'STARTTLS';
  /** Commands in flight; absent: as many as there are. */
  readonly pipelineDepth?: number | undefined;
  readonly person?: Person;
  /** Which mailboxes, as its configuration has them; absent: all. */
  readonly patterns?: string;
}

export class Mbsync {
  readonly maildir: Maildir;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.maildir = new Maildir(join(folder, 'mail'));
  }

  static async configure(options: MbsyncOptions): Promise<Mbsync> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-mbsync-'));
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'certificate.pem'), await certificateOf(options.ports.imaps));
    await writeFile(join(folder, 'mbsyncrc'), configuration(folder, options));
    return new Mbsync(folder);
  }

  /** One run; the exit code is the caller's to judge. */
  run(): Promise<Outcome> {
    return run('mbsync', this.#args(), { timeoutMs: 120_000 });
  }

  /** One run that must succeed. */
  async sync(): Promise<void> {
    const { code, stdout, stderr } = await this.run();
    if (code === 0) return;
    throw new Error(`mbsync: exit code ${code}\n${stderr}\n${stdout.toString('latin1').slice(-3000)}`);
  }

  /** Starts a run and kills it as soon as `isTime` says so; true when that was before its end. */
  async syncAndKill(isTime: () => boolean | Promise<boolean>): Promise<boolean> {
    const child = start('mbsync', this.#args());
    child.stdout?.resume();
    child.stderr?.resume();
    child.stdin?.end();
    let isRunning = true;
    const ended = once(child, 'close').then(([, signal]) => {
      isRunning = false;
      return signal === 'SIGKILL';
    });
    while (isRunning && !(await isTime())) await nextTurn();
    child.kill('SIGKILL');
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #args(): string[] {
    return ['-V', '-c', join(this.#folder, 'mbsyncrc'), 'all'];
  }
}

function configuration(folder: string, options: MbsyncOptions): string {
  const { person = ALICE } = options;
  const isTlsFirst = options.security === 'IMAPS';
  return `FSync no

IMAPAccount server
Host 127.0.0.1
Port ${isTlsFirst ? options.ports.imaps : options.ports.imap}
User ${person.address}
Pass ${person.password}
SSLType ${options.security}
CertificateFile ${folder}/certificate.pem
SystemCertificates no
${options.pipelineDepth === undefined ? '' : `PipelineDepth ${options.pipelineDepth}`}

IMAPStore far
Account server

MaildirStore near
Path ${folder}/mail/
Inbox ${folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns ${options.patterns ?? '*'}
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState ${folder}/state/
`;
}
