/** What somebody who judges mail thinks of a message, and what several of them come to. */
export interface Opinion {
  readonly action: 'accept' | 'junk' | 'defer' | 'reject';
  /** In plain words; absent: nothing is to be said. */
  readonly reason?: string;
  /** Header fields that say more, whole lines. */
  readonly fields?: string;
  /** It is to come again once, as mail of an unknown sender does. */
  readonly wantsDelay?: boolean;
}

/** From the mildest to the strictest. */
const ACTIONS = ['accept', 'junk', 'defer', 'reject'] as const satisfies readonly Opinion['action'][];

export interface Judged {
  readonly action: Opinion['action'];
  readonly reasons: readonly string[];
  readonly fields: string;
}

/** The strictest counts, and every reason is told. */
export function together(opinions: readonly Opinion[]): Judged {
  const strictest = Math.max(0, ...opinions.map(({ action }) => ACTIONS.indexOf(action)));
  return {
    action: ACTIONS[strictest] ?? 'accept',
    reasons: opinions.flatMap(({ reason }) => reason ?? []),
    fields: opinions.map(({ fields = '' }) => fields).join(''),
  };
}

export function stricter(one: Opinion['action'], other: Opinion['action']): Opinion['action'] {
  return ACTIONS.indexOf(one) < ACTIONS.indexOf(other) ? other : one;
}
