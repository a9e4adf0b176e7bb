/** `ScriptAdmin` of a running server, through its control socket; and of several processes, at whoever holds the account. */
import type {
  PutScript,
  Rehearsal,
  RuleEvent,
  ScriptAdmin,
  ScriptName,
  ScriptSummary,
  Trial,
} from './script-admin.ts';

/** The control socket, as far as it is needed here. */
export interface ScriptWire {
  json<T>(method: string, path: string, body?: object): Promise<T>;
}

export class ControlScripts implements ScriptAdmin {
  readonly #wire: ScriptWire;

  constructor(wire: ScriptWire) {
    this.#wire = wire;
  }

  async list(address: string): Promise<readonly ScriptSummary[]> {
    return (await this.#wire.json<{ scripts: ScriptSummary[] }>('GET', scriptsOf(address))).scripts;
  }

  async read(address: string, name: ScriptName): Promise<Buffer> {
    const { text } = await this.#wire.json<{ text: string }>('GET', pathOf(address, name));
    return Buffer.from(text, 'base64');
  }

  put(address: string, name: ScriptName, text: Buffer): Promise<PutScript> {
    return this.#wire.json('PUT', pathOf(address, name), { text: text.toString('base64') });
  }

  async activate(address: string, name: string): Promise<void> {
    await this.#wire.json('PATCH', scriptsOf(address), { active: name });
  }

  async remove(address: string, name: ScriptName): Promise<void> {
    await this.#wire.json('DELETE', pathOf(address, name));
  }

  rehearse(address: string, { script, message, from, to }: Trial): Promise<Rehearsal> {
    const octets = { script: script.toString('base64'), message: message.toString('base64') };
    return this.#wire.json('POST', `${scriptsOf(address)}-trial`, {
      ...octets,
      from,
      ...(to !== undefined && { to }),
    });
  }

  async log(address: string, limit: number): Promise<readonly RuleEvent[]> {
    const path = `${scriptsOf(address)}-log/${limit}`;
    return (await this.#wire.json<{ events: RuleEvent[] }>('GET', path)).events;
  }
}

/** At whoever holds the account. */
export class SharedScripts implements ScriptAdmin {
  readonly #holderOf: (address: string) => Promise<{ readonly scripts: ScriptAdmin }>;

  constructor(holderOf: (address: string) => Promise<{ readonly scripts: ScriptAdmin }>) {
    this.#holderOf = holderOf;
  }

  async list(address: string) {
    return (await this.#at(address)).list(address);
  }

  async read(address: string, name: ScriptName) {
    return (await this.#at(address)).read(address, name);
  }

  async put(address: string, name: ScriptName, text: Buffer) {
    return (await this.#at(address)).put(address, name, text);
  }

  async activate(address: string, name: string) {
    return (await this.#at(address)).activate(address, name);
  }

  async remove(address: string, name: ScriptName) {
    return (await this.#at(address)).remove(address, name);
  }

  async rehearse(address: string, trial: Trial) {
    return (await this.#at(address)).rehearse(address, trial);
  }

  async log(address: string, limit: number) {
    return (await this.#at(address)).log(address, limit);
  }

  async #at(address: string): Promise<ScriptAdmin> {
    return (await this.#holderOf(address)).scripts;
  }
}

const scriptsOf = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}/scripts`;
/** A role that has one script has it under the name of the role. */
const pathOf = (address: string, { role, name }: ScriptName): string =>
  `${scriptsOf(address)}/${role}/${encodeURIComponent(role === 'own' ? name : role)}`;
