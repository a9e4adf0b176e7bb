/**
 * Postfix as Debian packages it, in a folder of its own: its own configuration, queue and ports of loopback. It takes mail for everybody
 * from this machine, and brings it where its routes say. Only root can start it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../kit/free-port.ts';

export interface PostfixOptions {
  /** By domain, as `transport_maps` has them: `smtp:[127.0.0.1]:2525`; `*` for all others. */
  readonly routes: Readonly<Record<string, string>>;
  /** Further lines of main.cf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where it may run, as `taskset` has it. */
  readonly cores?: string;
}

const START_MS = 20_000;

export class Postfix {
  readonly port: number;
  readonly #folder: string;
  readonly #cores: string | undefined;

  private constructor(folder: string, port: number, cores: string | undefined) {
    this.#folder = folder;
    this.port = port;
    this.#cores = cores;
  }

  static async start({ routes, settings = {}, cores }: PostfixOptions): Promise<Postfix> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-postfix-'));
    const port = await freePort();
    const [etc, data, queue] = ['etc', 'data', 'queue'].map((name) => join(folder, name));
    for (const one of [etc, data, queue]) await mkdir(one as string);
    await chmod(folder, 0o755);
    const { '*': rest = 'discard:', ...some } = routes;
    const maps = Object.entries(some).map(([domain, route]) => `{ ${domain} = ${route} }`);
    const main = {
      ...{ compatibility_level: '3.6', queue_directory: queue, data_directory: data },
      ...{ command_directory: '/usr/sbin', daemon_directory: '/usr/lib/postfix/sbin' },
      ...{ mail_owner: 'postfix', setgid_group: 'postdrop', maillog_file: join(folder, 'log') },
      ...{ maillog_file_prefixes: folder, inet_interfaces: '127.0.0.1', inet_protocols: 'ipv4' },
      ...{ myhostname: 'relay.example.net', mydestination: '', mynetworks: '127.0.0.0/8' },
      ...{
        transport_maps: maps.length === 0 ? '' : `inline:{ ${maps.join(', ')} }`,
        default_transport: rest,
        relay_transport: rest,
      },
      ...{ alias_maps: '', local_recipient_maps: '', smtp_tls_security_level: 'may' },
      ...{ minimal_backoff_time: '2s', queue_run_delay: '2s', maximal_backoff_time: '5s', ...settings },
    };
    const lines = Object.entries(main).map(([name, value]) => `${name} = ${value}`);
    await writeFile(join(etc as string, 'main.cf'), `${lines.join('\n')}\n`);
    execFileSync('chown', ['postfix', data as string]);
    const postfix = new Postfix(folder, port, cores);
    await postfix.#writeServices(true);
    try {
      await postfix.begin();
    } catch (error) {
      await postfix.stop();
      throw error;
    }
    return postfix;
  }

  /** Of its master, which all of its processes are children of. */
  async pid(): Promise<number> {
    return Number(await readFile(join(this.#folder, 'queue', 'pid', 'master.pid'), 'utf8').catch(() => ''));
  }

  /** After `end`, with the queue that it had. */
  async begin(): Promise<void> {
    const start = ['postfix', '-c', join(this.#folder, 'etc'), 'start'];
    const [command = '', ...args] =
      this.#cores === undefined ? start : ['taskset', '-c', this.#cores, ...start];
    // It makes the folders of its queue and stays in the background.
    spawn(command, args, { stdio: 'ignore' });
    await this.#answers();
  }

  async end(): Promise<void> {
    const pid = await this.pid();
    if (pid <= 1) return;
    process.kill(pid, 'SIGTERM');
    for (let n = 0; n < 100 && isThere(pid); n++) await pause(50);
  }

  /** Whether its queue is worked on; what it takes meanwhile stays there. */
  async setSending(isOn: boolean): Promise<void> {
    await this.#writeServices(isOn);
    execFileSync('postfix', ['-c', join(this.#folder, 'etc'), 'reload'], { stdio: 'ignore' });
  }

  async log(): Promise<string> {
    return readFile(join(this.#folder, 'log'), 'utf8').catch(() => '');
  }

  /** And nothing is left of it. */
  async stop(): Promise<void> {
    await this.end();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #writeServices(hasManager: boolean): Promise<void> {
    const services = SERVICES.replace('PORT', String(this.port));
    const some = hasManager ? services : services.replace(/^qmgr .*\n/m, '');
    await writeFile(join(this.#folder, 'etc', 'master.cf'), some);
  }

  async #answers(): Promise<void> {
    for (const endMs = performance.now() + START_MS; ; await pause(100)) {
      const socket = connect(this.port, '127.0.0.1');
      try {
        await once(socket, 'data');
        return;
      } catch {
        if (performance.now() > endMs) throw new Error(`Postfix does not answer:\n${await this.log()}`);
      } finally {
        socket.destroy();
      }
    }
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const SERVICES = `
127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
