/**
 * A machine on which a page of the documents is played: a copy of the project to stand in, folders such as `/etc` and
 * `/usr/local/bin` below a temporary one, and the programs of an administrator (`sudo`, `useradd`, `systemctl`), which are the
 * scripts below. Commands run as the page has them, but for what was moved.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, type Launched, launch, ROOT, until } from '../kit/launch.ts';
import { type Block, readBlocks } from './page-blocks.ts';

/** Folders of the machine; where each is here. */
const MOVED = ['/etc/', '/usr/local/bin/', '/var/lib/', '/old/', '/backup/'];
const PARTS = ['bin', 'src', 'web', 'test', 'tools', 'scripts', 'docs', 'bench', 'packaging'];
const FILES = [
  'package.json',
  'package-lock.json',
  '.npmrc',
  'tsconfig.json',
  'tsconfig.web.json',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
];

const scripts = (machine: string): Readonly<Record<string, string>> => ({
  sudo: 'exec "$@"',
  useradd: 'exit 0',
  setfacl: 'exit 0',
  systemctl: `
unit="${machine}/etc/systemd/system/brevduva.service"
case "$1" in
  enable)
    command=$(sed -n 's/^ExecStart=//p' "$unit" | sed 's#/usr/local/bin/#${machine}/usr/local/bin/#; s#/etc/#${machine}/etc/#')
    mkdir -p "${machine}/var/lib/$(sed -n 's/^StateDirectory=//p' "$unit")"
    $command >"${machine}/stdout" 2>"${machine}/stderr" </dev/null &
    echo $! >"${machine}/pid" ;;
  reload) kill -HUP "$(cat "${machine}/pid")" ;;
esac`,
});

export type Environment = Readonly<Record<string, string>>;

export class PageMachine {
  readonly #root = mkdtempSync(join(tmpdir(), 'brevduva-page-'));
  readonly clone = join(this.#root, 'clone');
  readonly folder = join(this.#root, 'machine');
  /** The home folder of whoever types. */
  readonly home = this.#root;
  readonly played = new Set<string>();
  readonly #page: string;
  readonly #blocks: readonly Block[];
  /** What a line of the page is here, beyond the folders. */
  readonly #adapt: (line: string) => string;

  constructor(page: string, adapt: (line: string) => string = (line) => line) {
    this.#page = page;
    this.#blocks = readBlocks(readFileSync(join(ROOT, page), 'utf8'));
    this.#adapt = adapt;
  }

  prepare(): void {
    if (existsSync(this.clone)) return;
    for (const name of [...PARTS, ...FILES])
      cpSync(join(ROOT, name), join(this.clone, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.clone, 'node_modules'));
    for (const folder of MOVED) mkdirSync(join(this.folder, folder), { recursive: true });
    mkdirSync(join(this.folder, 'etc', 'systemd', 'system'), { recursive: true });
    for (const [name, script] of Object.entries(scripts(this.folder))) {
      const path = join(this.folder, 'usr', 'local', 'bin', name);
      writeFileSync(path, `#!/bin/bash\n${script}\n`);
      chmodSync(path, 0o755);
    }
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Commands of a section; a section that is not there is a mistake of the test. */
  commandsOf(section: string): readonly string[] {
    const lines = this.linesOf(section, 'commands');
    assert.ok(lines.length > 0, `${this.#page} has commands in "${section}"`);
    return lines;
  }

  linesOf(section: string, kind: Block['kind']): readonly string[] {
    return this.#blocks
      .filter((block) => block.section === section && block.kind === kind)
      .flatMap(({ lines }) => lines);
  }

  get commands(): readonly string[] {
    return this.#blocks.filter(({ kind }) => kind === 'commands').flatMap(({ lines }) => lines);
  }

  /** As the page has it, with what was moved in its place. */
  moved(text: string, words: Readonly<Record<string, string>> = {}): string {
    let result = MOVED.reduce(
      (line, folder) => line.replaceAll(new RegExp(`(?<![\\w.])${folder}`, 'g'), `${this.folder}${folder}`),
      text,
    );
    for (const [word, value] of Object.entries(words)) result = result.replaceAll(word, value);
    return this.#adapt(result);
  }

  start(command: string, env: Environment = {}): Launched {
    const path = `${join(this.folder, 'usr/local/bin')}:${process.env.PATH}`;
    const home = {
      HOME: this.home,
      npm_config_cache: join(this.#root, 'npm'),
      npm_config_registry: 'http://127.0.0.1:9',
    };
    return launch(['-c', command], {
      command: ['bash'],
      cwd: this.clone,
      env: { ...home, PATH: path, ...env },
    });
  }

  /** Runs a command of the page to its end and gives what it printed. */
  async play(command: string, words = {}, env: Environment = {}): Promise<string> {
    this.played.add(command);
    const run = this.start(this.moved(command, words), env);
    run.child.stdin?.end();
    const { code } = await run.ended();
    assert.equal(code, 0, `${command}\n${run.stdout}\n${run.stderr}\n${this.said('stderr').slice(-2000)}`);
    return run.stdout;
  }

  /** The same on a terminal, where it asks for a password twice. */
  async playAsking(command: string, env: Environment = {}): Promise<string> {
    this.played.add(command);
    const run = this.start(`exec script -qefc '${this.moved(command)}' /dev/null`, env);
    await run.said(/Password for .*: /);
    run.child.stdin?.write('correct horse\n');
    await run.said(/The same again: /);
    run.child.stdin?.write('correct horse\n');
    const { code } = await run.ended();
    assert.equal(code, 0, `${command}\n${run.stdout}`);
    return run.stdout;
  }

  /** What the service, or its keeper, wrote: `stdout`, `stderr`, `pid`. */
  said(file: string): string {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** What the service said when it was ready. */
  readyLine(): string | undefined {
    return /^ready .*$/m.exec(this.said('stdout'))?.[0];
  }

  async stopService(): Promise<void> {
    const pid = Number(this.said('pid'));
    if (pid === 0 || !isRunning(pid)) return;
    process.kill(pid, 'SIGTERM');
    await until('the end', () => (isRunning(pid) ? undefined : true));
  }
}
