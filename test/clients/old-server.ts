/**
 * A Dovecot with Maildirs, as the server that people move away from: accounts whose mail is made up here and known to the last octet, so
 * that what arrives elsewhere can be compared with it. A new port each time; everything goes with `close`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FLAG } from '../../src/mail/flags.ts';
import { encodeModifiedUtf7 } from '../../src/mail/modified-utf7.ts';
import { freePort } from '../kit/free-port.ts';

const BINARY = '/usr/sbin/dovecot';
const PASSWORD = 'secret-of-everybody';
const MASTER = { user: 'admin', password: 'secret of the master' } as const;

export interface OldMessage {
  readonly bytes: Buffer;
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Seconds since 1970. */
  readonly date: number;
}

/** By the name of the folder, levels parted by `/`. */
export type OldAccount = ReadonlyMap<string, readonly OldMessage[]>;

/** Why it cannot be started here. */
export function whyNoOldServer(): string | undefined {
  if (!existsSync(BINARY)) return 'no Dovecot here (apt-get install dovecot-imapd dovecot-pop3d)';
  return process.getuid?.() === 0 ? undefined : 'Dovecot serves several people only when root starts it';
}

export class OldServer {
  readonly password = PASSWORD;
  readonly master = MASTER;
  readonly folder: string;
  readonly ports: { readonly imap: number; readonly imaps: number; readonly pop3: number };
  readonly #prefix: string;
  #child: ChildProcess | undefined;
  #serial = 0;

  private constructor(folder: string, ports: OldServer['ports'], prefix: string) {
    this.folder = folder;
    this.ports = ports;
    this.#prefix = prefix;
  }

  /** `prefix`: of the personal namespace, such as `INBOX.`. */
  static async start({ prefix = '' } = {}): Promise<OldServer> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-old-'));
    await chmod(folder, 0o755);
    for (const name of ['mail', 'home', 'run', 'state']) await mkdir(join(folder, name));
    const subject =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
    const names = '-addext subjectAltName=DNS:localhost,IP:127.0.0.1';
    const files = `-keyout ${folder}/key.pem -out ${folder}/cert.pem`;
    execFileSync('openssl', `${subject} ${names} ${files}`.split(' '), { stdio: 'ignore' });
    await writeFile(join(folder, 'masters'), `${MASTER.user}:{PLAIN}${MASTER.password}\n`);
    const [imap, imaps, pop3] = [await freePort(), await freePort(), await freePort()];
    const server = new OldServer(folder, { imap, imaps, pop3 }, prefix);
    await server.begin();
    return server;
  }

  get certificate(): string {
    return join(this.folder, 'cert.pem');
  }

  async begin(): Promise<void> {
    const config = join(this.folder, 'dovecot.conf');
    await writeFile(config, configuration(this.folder, this.ports, this.#prefix));
    const child = spawn(BINARY, ['-F', '-c', config], { stdio: 'ignore' });
    this.#child = child;
    for (let attempt = 0; !(await accepts(this.ports.imap)); attempt++) {
      if (child.exitCode !== null || attempt > 600)
        throw new Error(
          `Dovecot does not start: ${await readFile(join(this.folder, 'dovecot.log'), 'utf8')}`,
        );
      await sleep(50);
    }
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  async close(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Messages are put beside those that are there. */
  async fill(user: string, account: OldAccount, { subscribed = [...account.keys()] } = {}): Promise<void> {
    for (const [folder, messages] of account) {
      const path = this.#pathOf(user, folder);
      for (const name of ['cur', 'new', 'tmp']) await mkdir(join(path, name), { recursive: true });
      if (folder !== 'INBOX') await writeFile(join(path, 'maildirfolder'), '');
      const keywords = await this.#keywordsOf(path);
      await Promise.all(messages.map((message) => this.#deliver(path, message, keywords)));
      await writeFile(join(path, 'dovecot-keywords'), keywords.map((name, i) => `${i} ${name}\n`).join(''));
    }
    const names = subscribed.map((name) => this.#prefix + dotted(name));
    await writeFile(
      join(this.folder, 'mail', user, 'subscriptions'),
      names.map((name) => `${name}\n`).join(''),
    );
    execFileSync('chown', ['-R', 'mail:mail', join(this.folder, 'mail', user)]);
  }

  /** The files of a folder, to be renamed (flags) or removed. */
  async filesOf(user: string, folder: string): Promise<readonly string[]> {
    const path = join(this.#pathOf(user, folder), 'cur');
    return (await readdir(path)).sort().map((name) => join(path, name));
  }

  async setFlags(file: string, letters: string): Promise<void> {
    await rename(file, file.replace(/:2,.*$/, `:2,${letters}`));
  }

  async #deliver(path: string, { bytes, flags, keywords, date }: OldMessage, known: string[]): Promise<void> {
    const words = keywords.map((name) => {
      if (!known.includes(name)) known.push(name);
      return String.fromCharCode(97 + known.indexOf(name));
    });
    const letters = [
      ...MAILDIR_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([letter]) => letter),
      ...words.sort(),
    ];
    const unique = `${date}.M${String(++this.#serial).padStart(6, '0')}P1.old,S=${bytes.length}`;
    const file = join(path, 'cur', `${unique}:2,${letters.join('')}`);
    await writeFile(file, bytes);
    await utimes(file, date, date);
  }

  async #keywordsOf(path: string): Promise<string[]> {
    const text = await readFile(join(path, 'dovecot-keywords'), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(line.indexOf(' ') + 1)]));
  }

  #pathOf(user: string, folder: string): string {
    const home = join(this.folder, 'mail', user);
    return folder === 'INBOX' ? home : join(home, `.${dotted(folder)}`);
  }
}

const MAILDIR_FLAGS = [
  ['D', FLAG.Draft],
  ['F', FLAG.Flagged],
  ['R', FLAG.Answered],
  ['S', FLAG.Seen],
  ['T', FLAG.Deleted],
] as const;

const dotted = (folder: string): string => encodeModifiedUtf7(folder).replaceAll('/', '.');

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function configuration(folder: string, ports: OldServer['ports'], prefix: string): string {
  return `
protocols = imap pop3
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
mail_location = maildir:${folder}/mail/%u
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_max_userip_connections = 100
passdb {
  driver = passwd-file
  master = yes
  args = ${folder}/masters
}
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}/home/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  prefix = ${prefix}
  separator = .
  mailbox "Verschickt" {
    special_use = \\Sent
  }
}
service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${ports.pop3}
  }
  inet_listener pop3s {
    port = 0
  }
}
`;
}
