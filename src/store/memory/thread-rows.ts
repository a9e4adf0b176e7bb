/** The threads of an account's emails, by their numbers, and what finds them. */
import type { EmailThread, ThreadMatch } from '../../mailbox/model/threads.ts';

export class ThreadRows {
  readonly #threads = new Map<number, EmailThread>();
  readonly #members = new Map<number, Set<number>>();
  /** Those that are gone, and since when. */
  readonly #leavers = new Map<number, { readonly thread: number; readonly modseq: number }>();
  readonly #byId = new Map<string, ThreadMatch[]>();

  put(email: number, thread: EmailThread): void {
    this.#threads.set(email, thread);
    const members = this.#members.get(thread.thread);
    if (members === undefined) this.#members.set(thread.thread, new Set([email]));
    else members.add(email);
    const { own, named, subject } = thread;
    const match = { email, thread: thread.thread, subject };
    if (own !== undefined) this.#add(own, { ...match, isOwn: true });
    for (const id of named) this.#add(id, { ...match, isOwn: false });
  }

  drop(email: number, modseq: number): void {
    const thread = this.#threads.get(email);
    if (thread === undefined) return;
    if (thread.thread !== email) this.#leavers.set(email, { thread: thread.thread, modseq });
    this.#threads.delete(email);
    this.#members.get(thread.thread)?.delete(email);
    for (const id of [...(thread.own === undefined ? [] : [thread.own]), ...thread.named]) {
      const left = this.#byId.get(id)?.filter((match) => match.email !== email) ?? [];
      if (left.length === 0) this.#byId.delete(id);
      else this.#byId.set(id, left);
    }
  }

  /** Own ids first, then the newest. */
  matches(id: string, which: 'own' | 'any', limit: number): readonly ThreadMatch[] {
    const all = this.#byId.get(id)?.filter(({ isOwn }) => isOwn || which === 'any') ?? [];
    return all.sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || b.email - a.email).slice(0, limit);
  }

  /** Ascending. */
  members(thread: number): readonly number[] {
    return [...(this.#members.get(thread) ?? [])].sort((a, b) => a - b);
  }

  /** The history names none of those any more. */
  forgetLeavers(upTo: number): void {
    for (const [email, { modseq }] of this.#leavers) if (modseq <= upTo) this.#leavers.delete(email);
  }

  /** As `MailStore.loadThreadMembers`. */
  allMembers(after: { readonly thread: number; readonly email: number }, limit: number): readonly number[] {
    const pairs = [...this.#threads, ...this.#leavers]
      .map(([email, { thread }]) => [thread, email] as const)
      .filter(([thread, email]) => thread !== email)
      .filter(([thread, email]) => thread > after.thread || (thread === after.thread && email > after.email))
      .sort(([a, x], [b, y]) => a - b || x - y);
    return pairs.slice(0, limit).flat();
  }

  #add(id: string, match: ThreadMatch): void {
    const known = this.#byId.get(id);
    if (known === undefined) this.#byId.set(id, [match]);
    else known.push(match);
  }
}
