/** Where a link of a mail leads in the app: to its target, or first to a page of ours that shows it, when there are doubts. */
import { type JudgedLink, judgeLink, type LinkDoubt } from './link-doubts.ts';

export const LEAVE = '/leave';
const DOUBTS: readonly LinkDoubt[] = ['other-host', 'user-part', 'lookalike', 'address-in-digits'];

/** Behind the mark, which is sent to no server. */
export function leadTo({ target, doubts }: JudgedLink): string {
  return doubts.length === 0
    ? target
    : `${LEAVE}#${new URLSearchParams({ to: target, why: doubts.join(' ') })}`;
}

export interface Leaving {
  readonly link: JudgedLink;
  readonly doubts: readonly LinkDoubt[];
}

/** What that page shows; undefined: nobody of us has written this address. */
export function leavingOf(hash: string): Leaving | undefined {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const link = judgeLink(said.get('to') ?? '', '');
  if (link === undefined) return undefined;
  const why = (said.get('why') ?? '').split(' ');
  return { link, doubts: DOUBTS.filter((doubt) => why.includes(doubt) || link.doubts.includes(doubt)) };
}
