/**
 * Dovecot's Pigeonhole as a second opinion of what a script does with a message: `sieve-test` runs one and says what it would do, which is
 * read here into the words in which the tests of `src/sieve/` say it.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './program.ts';

export interface Opinion {
  /** Sorted: `fileinto A (\Seen)`, `keep`, `redirect b@example.org`, `discard`, `reject no`, `vacation`; or what is wrong with the script. */
  readonly does: readonly string[];
  readonly said: string;
}

export class Pigeonhole {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Pigeonhole> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-pigeonhole-'));
    // It does not work for root.
    const nobody = 65534;
    const [uid, gid] = process.getuid?.() === 0 ? [nobody, nobody] : [process.getuid?.(), process.getgid?.()];
    const settings = [
      `mail_uid = ${uid}`,
      `mail_gid = ${gid}`,
      'first_valid_uid = 0',
      'first_valid_gid = 0',
      `mail_home = ${folder}`,
      `mail_location = maildir:${folder}/mail`,
      `base_dir = ${folder}/run`,
      'recipient_delimiter = +',
      'plugin {',
      '  sieve_extensions = +editheader +vacation-seconds',
      '}',
    ];
    await writeFile(join(folder, 'dovecot.conf'), `${settings.join('\n')}\n`);
    await chmod(folder, 0o777);
    return new Pigeonhole(folder);
  }

  async ask(
    script: string,
    message: string,
    { from = 'bo@example.org', to = 'anna@example.com' } = {},
  ): Promise<Opinion> {
    const files = { script: join(this.#folder, 'script.sieve'), message: join(this.#folder, 'message.eml') };
    await Promise.all([writeFile(files.script, script), writeFile(files.message, message)]);
    const args = [
      '-C',
      '-c',
      join(this.#folder, 'dovecot.conf'),
      '-f',
      from,
      '-r',
      to,
      files.script,
      files.message,
    ];
    const { code, stdout, stderr } = await run('sieve-test', args);
    const said = `${stdout}${stderr}`;
    if (/final result: success/.test(stderr)) return { does: actionsIn(String(stdout)), said };
    if (/failed to compile|validation failed/.test(stderr)) return { does: ['no script'], said };
    return { does: [`failed (${code})`], said };
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

function actionsIn(text: string): string[] {
  const [performed = '', kept = ''] = text.split(/^Implicit keep:$/m);
  const actions = performed.split(/^ \* /m).slice(1).map(actionIn);
  const implicit = kept.split(/^ \* /m).slice(1).map(actionIn);
  return [...actions, ...implicit.map((one) => one.replace(/^fileinto INBOX/, 'keep'))].sort();
}

function actionIn(text: string): string {
  const folder = /^store message in folder: (.*)$/m.exec(text)?.[1];
  if (folder !== undefined) {
    const flags = /\+ add IMAP flags:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
    const shown = flags
      .filter((one) => one !== '')
      .map((one) => one.toLowerCase())
      .sort();
    return `${folder === 'INBOX' ? 'keep' : `fileinto ${folder}`}${shown.length === 0 ? '' : ` (${shown.join(' ')})`}`;
  }
  const address = /^redirect message to: <(.*)>$/m.exec(text)?.[1];
  if (address !== undefined) return `redirect ${address}`;
  if (text.startsWith('discard')) return 'discard';
  if (text.startsWith('send vacation message')) return 'vacation';
  if (text.startsWith('reject message')) return 'reject';
  return text.split('\n')[0] ?? '';
}
