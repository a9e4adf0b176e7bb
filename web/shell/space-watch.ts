/** How full the account is (RFC 9425), asked at the beginning and after changes, at most once in a few seconds. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { JmapClient } from '../sync/jmap-client.ts';

interface Quota {
  readonly used: number;
  readonly hardLimit: number;
  readonly resourceType: 'octets' | 'count';
  readonly types: readonly string[];
  readonly waitingSince: string | null;
}

export interface Space {
  /** Of octets where these are limited, else of messages. */
  readonly used: number;
  readonly limit: number;
  readonly isOctets: boolean;
  /** Of whatever is fuller: 0.8 is four fifths. */
  readonly part: number;
  /** Mail has found no room. */
  readonly isWaitedFor: boolean;
}

const QUOTA = 'urn:ietf:params:jmap:quota';
const PROPERTIES = ['used', 'hardLimit', 'resourceType', 'types', 'waitingSince'];
const GAP_MS = 3000;

export class SpaceWatch {
  readonly #client: Pick<JmapClient, 'session' | 'call'>;
  readonly #now = signal<Space | undefined>(undefined);
  /** What somebody has read of and closed: the part of it, in percent. */
  readonly closed: Signal<number> = signal(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(client: Pick<JmapClient, 'session' | 'call'>) {
    this.#client = client;
  }

  /** Undefined where there is no limit, and until it is known. */
  get now(): ReadonlySignal<Space | undefined> {
    return this.#now;
  }

  /** Something may have changed. */
  look(): void {
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.ask();
    }, GAP_MS);
  }

  /** Whoever cannot know it shows what was known. */
  async ask(): Promise<void> {
    try {
      const { capabilities } = await this.#client.session();
      if (!(QUOTA in capabilities)) return;
      const { list } = await this.#client.call<{ readonly list: readonly Quota[] }>('Quota/get', {
        ...{ ids: null, properties: PROPERTIES },
      }).result;
      if (!this.#isOver) this.#now.value = spaceIn(list);
    } catch {}
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

export function spaceIn(quotas: readonly Quota[]): Space | undefined {
  const ofMail = quotas.filter(({ types }) => types.includes('Mail'));
  const shown = ofMail.find(({ resourceType }) => resourceType === 'octets') ?? ofMail[0];
  if (shown === undefined) return undefined;
  return {
    used: shown.used,
    limit: shown.hardLimit,
    isOctets: shown.resourceType === 'octets',
    part: Math.max(...ofMail.map(({ used, hardLimit }) => (hardLimit === 0 ? 1 : used / hardLimit))),
    isWaitedFor: ofMail.some(({ waitingSince }) => waitingSince !== null),
  };
}
