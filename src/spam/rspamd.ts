/**
 * rspamd over HTTP: what it thinks of a message, and what it is to learn from one. Its answer is believed as far as its action goes:
 * refuse, come again later, set apart, take.
 *
 * Promises: an answer within `timeoutMs`; memory for what all scans have together is bounded, and what it says is read up to a
 * megabyte; never throws. When it cannot be had, `whenAbsent` says what becomes of the message.
 */
import type { Secret } from '../base/secret.ts';
import { Agent, request } from '../net/http.ts';
import type { Opinion } from './opinion.ts';
import { RSPAMD_ACTIONS, type RspamdAnswer, rspamdAnswer, statusField } from './rspamd-answer.ts';

export interface RspamdSettings {
  /** Of the worker that scans: `http://127.0.0.1:11333`. */
  readonly url: string;
  /** Of the controller, which learns. */
  readonly controllerUrl: string;
  readonly password: Secret | undefined;
  readonly timeoutMs: number;
  /** A larger message is not shown to it. */
  readonly maxBytes: number;
  /** What becomes of mail that it could not look at. */
  readonly whenAbsent: 'accept' | 'defer';
}

/** How a message came. */
export interface ScannedFrom {
  readonly id: string;
  readonly address: string;
  readonly helo: string;
  readonly reverseName: string | undefined;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  readonly hostname: string;
}

export type Lesson = 'spam' | 'ham';
/** `known`: it has learned it before, or has nothing to learn from it. */
export type Learned = 'learned' | 'known' | 'failed';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** Recipients that it is told of. */
const MAX_RECIPIENTS = 100;
const CONNECTIONS = 20;
const LEARN_TIMEOUT_MS = 30_000;
/** What rspamd answers to a message that teaches it nothing: known, too short, none that it can read. */
const KNOWN: ReadonlySet<number> = new Set([204, 208, 400, 404, 413]);

export class Rspamd {
  readonly settings: RspamdSettings;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: 60_000 });

  constructor(settings: RspamdSettings) {
    this.settings = settings;
  }

  async check(message: readonly Buffer[], from: ScannedFrom): Promise<Opinion> {
    const { url, timeoutMs } = this.settings;
    const answer = await this.#post(new URL('/checkv2', url), scanHeaders(from), message, timeoutMs).catch(
      () => undefined,
    );
    const scanned = answer?.status === 200 ? rspamdAnswer(answer.body) : undefined;
    return scanned === undefined ? this.absent('rspamd did not answer') : opinionOf(scanned);
  }

  /** Nobody has looked at it. */
  absent(reason: string): Opinion {
    const { whenAbsent } = this.settings;
    return whenAbsent === 'defer'
      ? { action: 'defer', reason: `${reason}; try again later` }
      : { action: 'accept', reason: `${reason}, so it was not looked at` };
  }

  async learn(lesson: Lesson, message: readonly Buffer[]): Promise<Learned> {
    const { controllerUrl, password } = this.settings;
    const headers = password === undefined ? {} : { Password: password.reveal() };
    const url = new URL(`/learn${lesson}`, controllerUrl);
    const answer = await this.#post(url, headers, message, LEARN_TIMEOUT_MS).catch(() => undefined);
    if (answer === undefined) return 'failed';
    if (answer.status === 200) return 'learned';
    return KNOWN.has(answer.status) ? 'known' : 'failed';
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(
    url: URL,
    headers: Readonly<Record<string, string | readonly string[]>>,
    message: readonly Buffer[],
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{
      readonly status: number;
      readonly body: string;
    }>();
    const length = message.reduce((sum, { length }) => sum + length, 0);
    const asked = request(url, {
      method: 'POST',
      agent: this.#agent,
      headers: { 'Content-Length': String(length), 'Content-Type': 'application/octet-stream', ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > MAX_ANSWER_BYTES) asked.destroy(new Error('the answer is too long'));
        else pieces.push(piece);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }),
      );
    });
    for (const piece of message) asked.write(piece);
    asked.end();
    return promise;
  }
}

function scanHeaders(from: ScannedFrom): Record<string, string | readonly string[]> {
  const { id, address, helo, reverseName, mailFrom, recipients, hostname } = from;
  return {
    'Queue-Id': headerValue(id),
    IP: address.split('%', 1)[0] ?? address,
    Helo: headerValue(helo),
    From: headerValue(mailFrom),
    Rcpt: recipients.slice(0, MAX_RECIPIENTS).map(headerValue),
    'MTA-Name': headerValue(hostname),
    ...(reverseName !== undefined && { Hostname: headerValue(reverseName) }),
  };
}

/** UTF-8 octets, as HTTP in Node.js wants them; no line can be begun with them. */
function headerValue(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, '?'), 'utf8').toString('latin1');
}

function opinionOf(answer: RspamdAnswer): Opinion {
  const { score, required, words } = answer;
  const action = RSPAMD_ACTIONS[answer.action] ?? 'accept';
  const fields = statusField(answer, action === 'junk');
  const points = `${score.toFixed(1)} of ${required.toFixed(1)} points`;
  const wantsDelay = answer.action === 'greylist';
  if (action === 'accept') return { action, reason: `rspamd gives it ${points}`, fields, wantsDelay };
  const what = { junk: 'takes it for spam', defer: 'wants it to come again later', reject: 'refuses it' };
  return { action, reason: `rspamd ${what[action]} (${points}${words === '' ? '' : `: ${words}`})`, fields };
}
