/**
 * What the DNS is asked about one message. Whoever sends it chooses the names, so there is an end: of questions, each part of the
 * check having its own share, and of time. A question that is over the bound is one that was not answered: `temperror`, and
 * the mail goes on.
 *
 * The same question is asked once per message, so that answers can be fetched before they are needed.
 */
import type { Answer, Dns, RecordType } from '../dns/answer.ts';

/** RFC 7208 §4.6.4 bounds SPF by terms, of which one can cost ten questions. */
export const MAX_QUESTIONS = 100;
export const TIMEOUT_MS = 10_000;

/** As `mailauth` asks; the names of its errors are those of `node:dns`. */
export type AskAsNode = (name: string, type: string) => Promise<unknown>;

const CODES = {
  nxdomain: 'ENOTFOUND',
  nodata: 'ENODATA',
  servfail: 'ESERVFAIL',
  timeout: 'ETIMEOUT',
  busy: 'ETIMEOUT',
  unusable: 'EBADNAME',
} as const;

export class Questions {
  readonly #dns: Dns;
  readonly #answers = new Map<string, Promise<Answer<RecordType>>>();
  #untilMs = Number.POSITIVE_INFINITY;
  #wasBusy = false;

  constructor(dns: Dns) {
    this.#dns = dns;
  }

  /** Something was not asked since too much was asked at once, here. */
  get wasBusy(): boolean {
    return this.#wasBusy;
  }

  /** Until when, on the clock of `performance.now()`, answers are waited for. As long as the message still comes: for ever. */
  endAt(untilMs: number): void {
    this.#untilMs = untilMs;
  }

  /** A part of the check, which may ask `most` questions and leaves `reserveMs` of the time to the parts after it. */
  share(most: number, reserveMs = 0): AskAsNode {
    let left = most;
    return async (name, type) => {
      if (!isRecordType(type)) throw fault('ENODATA', `${type} is not asked for`);
      const key = `${type} ${name.toLowerCase()}`;
      const isNew = !this.#answers.has(key);
      if (isNew && performance.now() > this.#untilMs) throw fault('ETIMEOUT', 'no time left');
      if (isNew && left-- <= 0) throw fault('ETIMEOUT', 'too many questions to the DNS');
      return asNodeSays(await until(this.#untilMs - reserveMs, this.#ask(key, name, type)), type);
    };
  }

  #ask(key: string, name: string, type: RecordType): Promise<Answer<RecordType>> {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const asked = this.#dns.ask(name, type).then((answer) => {
      this.#wasBusy ||= answer.kind === 'busy';
      return answer;
    });
    this.#answers.set(key, asked);
    return asked;
  }
}

const ASKED: readonly string[] = ['A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TXT'] satisfies RecordType[];

function isRecordType(type: string): type is RecordType {
  return ASKED.includes(type);
}

function asNodeSays(answer: Answer<RecordType>, type: RecordType): unknown {
  if (answer.kind !== 'found') {
    const detail = 'detail' in answer ? answer.detail : answer.kind;
    throw fault(CODES[answer.kind], detail);
  }
  return answer.records.map((record) => {
    if (type === 'TXT') return [record];
    if (typeof record === 'object' && 'exchange' in record)
      return { exchange: record.exchange, priority: record.preference };
    return record;
  });
}

/** Throws with the code `ETIMEOUT`. */
export async function until<T>(untilMs: number, work: Promise<T>): Promise<T> {
  if (untilMs === Number.POSITIVE_INFINITY) return work;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(fault('ETIMEOUT', 'no answer in time')),
    Math.max(0, untilMs - performance.now()),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function fault(code: string, detail: string): Error {
  return Object.assign(new Error(detail), { code });
}
