/**
 * Reads the golden conversations (`*.txt` in this folder) and plays one against a real server. `docs/SCENARIOS.md` is their
 * language.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseSystemFlag } from '../../src/mail/flags.ts';
import { ImapClient } from '../imap-client.ts';
import { startTestImap, type TestImap, type TestImapOptions } from '../kit/imap.ts';

interface Step {
  readonly line: number;
  readonly connection: number;
  readonly kind: string;
  readonly text: string;
  readonly literals: string[];
}

const SCRIPT_LINE = /^(?:(\d+):)?(C\+?|S[~?]?|L-?): ?(.*)$/;
const LITERAL_MARK = /\{#(\+?)\}$/;
const DEFAULT_MESSAGE = 'From: Bob <bob@example.org>\r\nSubject: Hello\r\n\r\nHello Alice\r\n';

export function parseScenario(source: string): Step[] {
  const steps: Step[] = [];
  source.split('\n').forEach((raw, index) => {
    const line = raw.replace(/\r$/, '');
    if (line.trim() === '' || line.startsWith('#')) return;
    if (line.startsWith('@')) {
      const [, kind = '', text = ''] = /^(@\w+) ?(.*)$/.exec(line.replace(/\s+#.*$/, '')) ?? [];
      steps.push({ line: index + 1, connection: 1, kind, text, literals: [] });
      return;
    }
    const [, connection = '1', kind = '', text = ''] = SCRIPT_LINE.exec(line) ?? [];
    if (kind === '') throw new Error(`line ${index + 1}: cannot be read: ${line}`);
    if (!kind.startsWith('L')) {
      steps.push({ line: index + 1, connection: Number(connection), kind, text, literals: [] });
      return;
    }
    const last = steps.at(-1);
    if (last === undefined) throw new Error(`line ${index + 1}: a literal of nothing`);
    last.literals.push(utf8(text) + (kind === 'L-' ? '' : '\r\n'));
  });
  return steps;
}

/** Octets as latin1, as the client keeps them. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

interface How extends Pick<TestImapOptions, 'isRelayed'> {
  /** The client's octets come one by one. */
  readonly isCut?: boolean;
}

/** `how`: what is to be otherwise. */
export async function playScenario(source: string, how: How = {}): Promise<void> {
  const steps = parseScenario(source);
  const player = await Player.start(steps, how);
  try {
    for (let at = 0; at < steps.length; ) at = await player.play(steps, at);
    await player.finish();
  } finally {
    await player.close();
  }
}

class Player {
  readonly #server: TestImap;
  readonly #clients = new Map<number, ImapClient>();
  readonly #ended = new Set<number>();
  readonly #variables = new Map<string, string>();
  readonly #pending = new Map<number, string>();

  readonly #isCut: boolean;

  private constructor(server: TestImap, isCut: boolean) {
    this.#server = server;
    this.#isCut = isCut;
  }

  static async start(steps: readonly Step[], { isCut = false, ...how }: How): Promise<Player> {
    const settings = steps.filter((step) => step.kind === '@settings').flatMap((step) => options(step.text));
    const server = await startTestImap({
      ...how,
      settings: Object.fromEntries(settings),
      withTls: steps.some((step) => step.kind === '@tls' || step.kind === '@starttls'),
    });
    await server.kit.addAccount('alice@example.com', 'secret');
    return new Player(server, isCut);
  }

  /** Plays the step at `at`, or the group that begins there; returns what comes next. */
  async play(steps: readonly Step[], at: number): Promise<number> {
    const step = steps[at] as Step;
    const isGroup = step.kind === 'S~' || step.kind === 'S?';
    let end = at + 1;
    if (isGroup) while (steps[end]?.kind === step.kind && steps[end]?.connection === step.connection) end++;
    try {
      if (step.kind.startsWith('@')) await this.#direct(step);
      else if (step.kind.startsWith('C')) await this.#send(step);
      else if (step.kind === 'S') await this.#expect(step);
      else if (step.kind === 'S~') await this.#expectGroup(steps.slice(at, end));
      else return await this.#expectAny(steps, at, end);
    } catch (error) {
      throw new Error(`line ${step.line}: ${(error as Error).message}`, { cause: error });
    }
    return end;
  }

  async finish(): Promise<void> {
    for (const [number, client] of this.#clients) {
      if (this.#ended.has(number)) continue;
      client.sendLine('end LOGOUT');
      const { status, untagged } = await client.answer('end');
      if (status !== 'OK' || untagged.length !== 1 || !untagged[0]?.startsWith('BYE ')) {
        throw new Error(`connection ${number} was told more than expected: ${JSON.stringify(untagged)}`);
      }
      await client.ended();
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    await this.#server.close();
  }

  async #direct(step: Step): Promise<void> {
    const [, number, rest = ''] = /^(?:(\d+)(?: |$))?(.*)$/.exec(step.text) ?? [];
    const connection = Number(number ?? 1);
    const words = rest.split(' ').filter((word) => word !== '');
    switch (step.kind) {
      case '@settings':
        return;
      case '@account': {
        const quota = Object.fromEntries(options(words.slice(2).join(' ')));
        await this.#server.kit.addAccount(words[0] ?? '', words[1] ?? '', quota);
        return;
      }
      case '@set': {
        const [address = '', name = '', value = ''] = words;
        const { kit } = this.#server;
        const { id } = await kit.admin.accountOf(address);
        const updated = await kit.domain.store.directory.update(id, { settings: { [name]: value } });
        if (updated !== undefined) kit.domain.accounts.refresh(updated);
        return;
      }
      case '@message':
        return this.#addMessage(step, words);
      case '@login':
        return this.#ok(connection, `LOGIN ${words[0] ?? 'alice@example.com'} ${words[1] ?? 'secret'}`);
      case '@select':
        return this.#ok(connection, `SELECT ${rest}`);
      case '@ok':
        return this.#ok(connection, rest);
      case '@starttls':
        return (await this.#client(connection)).startTls();
      case '@tls':
        this.#clients.set(connection, await ImapClient.connect(this.#server.tlsPort, { tls: true }));
        return;
      case '@stop':
        // Not awaited: the conversation goes on to its end.
        void this.#server.stopServing();
        return;
      case '@end':
        this.#ended.add(connection);
        return (await this.#client(connection)).ended();
      default:
        throw new Error(`unknown directive ${step.kind}`);
    }
  }

  async #addMessage(step: Step, words: readonly string[]): Promise<void> {
    const isAddressed = words[0]?.includes('@') === true;
    const address = isAddressed ? (words[0] as string) : 'alice@example.com';
    const [mailbox = 'INBOX', ...flags] = isAddressed ? words.slice(1) : words;
    const bits = flags.map((flag) => parseSystemFlag(flag));
    await this.#server.addMessage(address, mailbox, {
      bytes: Buffer.from(step.literals.length === 0 ? DEFAULT_MESSAGE : step.literals.join(''), 'latin1'),
      flags: bits.reduce<number>((sum, bit) => sum | (bit ?? 0), 0),
      keywords: flags.filter((_, index) => bits[index] === undefined),
    });
  }

  async #client(number: number): Promise<ImapClient> {
    const client = this.#clients.get(number) ?? (await ImapClient.connect(this.#server.port));
    this.#clients.set(number, client);
    return client;
  }

  /** The greeting is skipped unless the scenario begins with it. */
  async #greeted(number: number): Promise<ImapClient> {
    if (this.#clients.has(number)) return this.#client(number);
    const client = await this.#client(number);
    await client.greeting();
    return client;
  }

  async #ok(connection: number, command: string): Promise<void> {
    const client = await this.#greeted(connection);
    client.sendLine(`ok ${this.#filled(utf8(command))}`);
    const { status, text } = await client.answer('ok');
    if (status !== 'OK') throw new Error(`${command}: ${status} ${text}`);
  }

  async #send(step: Step): Promise<void> {
    const client = await this.#greeted(step.connection);
    const pending = this.#pending.get(step.connection) ?? '';
    const bytes = pending + this.#bytesOf(step);
    this.#pending.set(step.connection, step.kind === 'C+' ? bytes : '');
    if (step.kind !== 'C') return;
    if (!this.#isCut) return client.send(bytes);
    for (const octet of bytes) {
      client.send(octet);
      await nextTurn();
    }
  }

  /** The line with its literal, or with its line end. */
  #bytesOf(step: Step): string {
    const line = this.#filled(utf8(step.text));
    const mark = LITERAL_MARK.exec(line);
    const literal = this.#filled(step.literals.join(''));
    if (mark === null) return `${line}\r\n${literal}`;
    const announced = `${line.slice(0, mark.index)}{${literal.length}${mark[1]}}\r\n`;
    if (step.literals.length === 0) throw new Error('{#} without L: lines');
    return mark[1] === '+' ? announced + literal : announced;
  }

  async #expect(step: Step): Promise<void> {
    const client = await this.#client(step.connection);
    const { tag, text } = await client.next();
    const said = `${tag} ${text}`;
    const wanted = this.#wanted(step);
    if (!this.#matches(wanted, said)) {
      throw new Error(`expected ${JSON.stringify(wanted)}, the server said ${JSON.stringify(said)}`);
    }
  }

  async #expectGroup(group: readonly Step[]): Promise<void> {
    const open = [...group];
    while (open.length > 0) {
      const client = await this.#client((open[0] as Step).connection);
      const { tag, text } = await client.next();
      const said = `${tag} ${text}`;
      const found = open.findIndex((step) => this.#matches(this.#wanted(step), said));
      if (found < 0) {
        const wanted = open.map((step) => this.#wanted(step));
        throw new Error(`expected one of ${JSON.stringify(wanted)}, the server said ${JSON.stringify(said)}`);
      }
      open.splice(found, 1);
    }
  }

  /** Reads on until something comes that is not like the group; that must be what the script has next. */
  async #expectAny(steps: readonly Step[], at: number, end: number): Promise<number> {
    const next = steps[end];
    if (next?.kind !== 'S') throw new Error('S?: must be followed by S:');
    const client = await this.#client(next.connection);
    for (;;) {
      const { tag, text } = await client.next();
      const said = `${tag} ${text}`;
      if (this.#matches(this.#wanted(next), said)) return end + 1;
      if (steps.slice(at, end).some((step) => this.#matches(this.#wanted(step), said))) continue;
      throw new Error(`line ${next.line}: the server said ${JSON.stringify(said)}`);
    }
  }

  #wanted(step: Step): string {
    const text = utf8(step.text);
    const mark = /\{#\}/.exec(text);
    if (mark === null) return text;
    const literal = step.literals.join('');
    return `${text.slice(0, mark.index)}{${literal.length}}\r\n${literal}${text.slice(mark.index + 3)}`;
  }

  #matches(wanted: string, said: string): boolean {
    const names: string[] = [];
    const pattern = wanted.split(/(\{\{\w+(?:[+-]\d+)?\}\}|\.\.\.)/).map((piece) => {
      if (piece === '...') return '.*';
      const [, name, delta] = /^\{\{(\w+)([+-]\d+)?\}\}$/.exec(piece) ?? [];
      if (name === undefined) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const known = this.#variables.get(name);
      if (known !== undefined)
        return delta === undefined ? escaped(known) : String(Number(known) + Number(delta));
      names.push(name);
      return '([^\\s()\\[\\]"]+)';
    });
    const match = new RegExp(`^${pattern.join('')}$`, 's').exec(said);
    if (match === null) return false;
    names.forEach((name, index) => {
      if (name !== '_') this.#variables.set(name, match[index + 1] as string);
    });
    return true;
  }

  #filled(text: string): string {
    return text.replace(/\{\{(\w+)([+-]\d+)?\}\}/g, (_, name: string, delta: string | undefined) => {
      const value = this.#variables.get(name);
      if (value === undefined) throw new Error(`{{${name}}} has no value yet`);
      return delta === undefined ? value : String(Number(value) + Number(delta));
    });
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** `a=1 b=x`; numbers become numbers. */
function options(text: string): [string, string | number][] {
  return text.split(' ').flatMap((word) => {
    const [name, value] = word.split('=');
    if (name === undefined || value === undefined) return [];
    return [[name, /^\d+$/.test(value) ? Number(value) : value] as [string, string | number]];
  });
}
