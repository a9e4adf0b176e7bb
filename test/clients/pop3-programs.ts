/** fetchmail, getmail and poplib, each as a person has it on one device: with a memory of its own in a folder. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALICE, type Ports } from './home.ts';
import { type Outcome, run, succeed } from './program.ts';

/** A thousand messages on a busy machine. */
const TIMEOUT_MS = 180_000;
/** Now and then getmail waits for its own child, which has ended: for ever. It has a handful of messages to fetch. */
const STUCK_MS = 40_000;
const MOST_TRIES = 3;
/** getmail delivers nothing as root. */
const IS_ROOT = process.getuid?.() === 0;

export class Fetchmail {
  readonly #folder: string;
  readonly #ports: Ports;
  #runs = 0;

  constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    this.#ports = ports;
  }

  /** Ids of the messages it fetched this time, in order. */
  async fetch({ keeps }: { readonly keeps: boolean }): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true });
    const batch = join(this.#folder, `batch-${this.#runs++}`);
    const rc = join(this.#folder, 'fetchmailrc');
    const keep = keeps ? 'keep' : 'no keep';
    await writeFile(
      rc,
      `poll 127.0.0.1 protocol POP3 port ${this.#ports.pop3} uidl timeout 60
        user "${ALICE.address}" password "${ALICE.password}" ${keep} no rewrite pass8bits sslproto ""\n`,
    );
    await chmod(rc, 0o600);
    const args = ['-f', rc, '-i', join(this.#folder, 'ids'), '--invisible', '--bsmtp', batch];
    const env = { HOME: this.#folder, FETCHMAILHOME: this.#folder };
    const outcome = await run('fetchmail', args, { env, timeoutMs: TIMEOUT_MS });
    // 1 is: there was no mail.
    if (outcome.code !== 0 && outcome.code !== 1) throw new Error(said('fetchmail', outcome));
    return idsIn(outcome.code === 1 ? '' : await readFile(batch, 'latin1'));
  }
}

export class Getmail {
  readonly #folder: string;
  readonly #ports: Ports;
  readonly #seen = new Set<string>();

  constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    this.#ports = ports;
  }

  async fetch({ keeps }: { readonly keeps: boolean }): Promise<string[]> {
    const maildir = join(this.#folder, 'maildir');
    for (const part of ['cur', 'new', 'tmp']) {
      await mkdir(join(maildir, part), { recursive: true });
      if (IS_ROOT) await chmod(join(maildir, part), 0o777);
    }
    if (IS_ROOT) await chmod(this.#folder, 0o755);
    await writeFile(
      join(this.#folder, 'getmailrc'),
      `[retriever]
type = SimplePOP3SSLRetriever
server = 127.0.0.1
port = ${this.#ports.pop3s}
username = ${ALICE.address}
password = ${ALICE.password}
[destination]
type = Maildir
path = ${maildir}/
${IS_ROOT ? 'user = nobody' : ''}
[options]
read_all = false
delete = ${!keeps}
verbose = 1
`,
    );
    // Its child for each message closes every descriptor there could be, which may be a million.
    const command = 'ulimit -n 64; exec getmail --getmaildir "$1" --rcfile getmailrc';
    const options = { env: { HOME: this.#folder }, timeoutMs: STUCK_MS };
    let tries = 1;
    for (; tries < MOST_TRIES; tries++) {
      const outcome = await run('sh', ['-c', command, 'sh', this.#folder], options);
      if (outcome.code === 0) break;
      if (outcome.code !== undefined) throw new Error(said('getmail', outcome));
    }
    assert.ok(tries < MOST_TRIES, 'getmail stood still again and again');
    const names = (await readdir(join(maildir, 'new'))).filter((name) => !this.#seen.has(name));
    const texts = await Promise.all(names.map((name) => readFile(join(maildir, 'new', name), 'latin1')));
    for (const name of names) this.#seen.add(name);
    const ids = texts.flatMap(idsIn);
    // What it had when it stood still it fetched again.
    return tries === 1 ? ids : [...new Set(ids)];
  }
}

export interface MailReading {
  readonly subject: string | null;
  readonly from: string | null;
  readonly files: readonly string[];
}

export interface PoplibSession {
  readonly capabilities: readonly string[];
  readonly stat: readonly [count: number, octets: number];
  readonly sizes: readonly number[];
  readonly ids: readonly string[];
  readonly messages: readonly Buffer[];
  /** As Python's email package reads them; null for what it cannot read. */
  readonly readings: readonly (MailReading | null)[];
  readonly tops: readonly number[];
  readonly goodbye: string;
}

export async function poplib(
  ports: Ports,
  how: 'plain' | 'stls' | 'tls' | 'utf8',
  doomed: readonly number[] = [],
): Promise<PoplibSession> {
  const port = how === 'tls' ? ports.pop3s : ports.pop3;
  const script = join(import.meta.dirname, 'poplib-session.py');
  const args = [script, String(port), ALICE.address, ALICE.password, how, ...doomed.map(String)];
  const { stdout } = await succeed('python3', args, { timeoutMs: TIMEOUT_MS });
  const told = JSON.parse(stdout.toString()) as Omit<PoplibSession, 'messages'> & { messages: string[] };
  return { ...told, messages: told.messages.map((text) => Buffer.from(text, 'base64')) };
}

/** One a message: the first Message-ID after a beginning of one. */
function idsIn(text: string): string[] {
  return [...text.matchAll(/^Message-ID: (<[^>\r\n]*>)/gim)].map(([, id]) => id as string);
}

function said(program: string, { code, stdout, stderr }: Outcome): string {
  return `${program}: exit code ${code}\n${stderr}\n${stdout.toString('latin1')}`.slice(-4000);
}
