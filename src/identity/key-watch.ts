/**
 * Looks at the DNS for the keys that wait for it, and lets time pass for those that retire (`key-rotation.ts`). One process
 * does it for all.
 */
import { domainToASCII } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import type { DomainKey, DomainRecord } from '../mailbox/model/domains.ts';
import type { Domains } from '../mailbox/port/domains.ts';
import { type KeyNews, type Sight, sameKey, step } from './key-rotation.ts';

/** The texts at a name; `absent` when the DNS says that there are none, `unknown` when it says nothing. */
export type AskTexts = (name: string) => Promise<readonly string[] | 'absent' | 'unknown'>;

export interface KeyWatchOptions {
  readonly domains: Pick<Domains, 'find' | 'list' | 'changeKeys'>;
  readonly clock: Clock;
  readonly texts: AskTexts;
  readonly log: Log;
}

const WORDS: Readonly<Record<KeyNews['what'], string>> = {
  signs: 'a key signs from now on',
  retires: 'a key signs no more; its record has to stay for a week',
  retired: 'the record of a key that has retired can be taken out of the zone',
  forgotten: 'a key that has retired is forgotten',
};

/** At the DNS. */
const AT_ONCE = 8;

export class KeyWatch {
  readonly #options: KeyWatchOptions;
  /** One look after the other: each begins with what the one before has written. */
  readonly #gate = new Semaphore(1);

  constructor(options: KeyWatchOptions) {
    this.#options = options;
  }

  /** At every domain that has something to wait for. */
  async lookAtAll(): Promise<void> {
    for (const { name, keys } of await this.#options.domains.list())
      if (keys.some((key) => key.state !== 'active')) await this.look(name);
  }

  async look(name: string): Promise<void> {
    await this.#gate.run(async () => {
      const { domains, clock, log } = this.#options;
      const record = await domains.find(name);
      if (record === undefined) return;
      const { change, news } = step(record.keys, await this.#sights(record), clock.nowMs());
      if (change.put?.length === 0 && change.dropped?.length === 0) return;
      await domains.changeKeys(name, change);
      for (const { what, selector } of news) log.info({ domain: name, selector }, WORDS[what]);
    });
  }

  async #sights({ name, keys }: DomainRecord): Promise<ReadonlyMap<string, Sight>> {
    const gate = new Semaphore(AT_ONCE);
    const asked = keys.filter(({ state }) => state === 'waiting' || state === 'retired');
    const seen = await Promise.all(
      asked.map((key) => gate.run(async () => [key.selector, await this.#sightOf(key, name)] as const)),
    );
    return new Map(seen);
  }

  async #sightOf({ selector, record }: DomainKey, domain: string): Promise<Sight> {
    const texts = await this.#options.texts(keyName(selector, domain));
    if (typeof texts === 'string') return texts;
    return texts.some((text) => sameKey(record, text)) ? 'shown' : 'other';
  }
}

/** RFC 6376 §3.6.2.1. */
export function keyName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domainToASCII(domain)}`;
}
