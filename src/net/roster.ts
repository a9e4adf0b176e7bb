/**
 * Who is connected as whom. One account gets so many sessions; the one that goes over closes the session that has been
 * idle longest instead of being refused, because phones leave dead connections behind and a refused new one looks to its
 * owner like a wrong password.
 */
export interface Member {
  readonly lastActiveMs: number;
  /** Asks the session to say goodbye and close. */
  stop(reason: string): void;
}

export class Roster {
  readonly #maxPerKey: number;
  readonly #members = new Map<string, Set<Member>>();

  constructor(maxPerKey: number) {
    this.#maxPerKey = maxPerKey;
  }

  /** Adds the member; gives back what removes it again. */
  join(key: string, member: Member): () => void {
    const group = this.#members.get(key) ?? new Set<Member>();
    this.#members.set(key, group);
    while (group.size >= this.#maxPerKey) {
      const idlest = leastActive(group);
      group.delete(idlest);
      idlest.stop('Too many connections of this account; the longest idle one is closed');
    }
    group.add(member);
    return () => this.#leave(key, group, member);
  }

  count(key: string): number {
    return this.#members.get(key)?.size ?? 0;
  }

  #leave(key: string, group: Set<Member>, member: Member): void {
    group.delete(member);
    if (group.size === 0 && this.#members.get(key) === group) this.#members.delete(key);
  }
}

function leastActive(group: ReadonlySet<Member>): Member {
  const [first, ...rest] = group as Set<Member>;
  return rest.reduce(
    (least, member) => (member.lastActiveMs < least.lastActiveMs ? member : least),
    first as Member,
  );
}
