/** Pages of a list by PARTIAL (RFC 9394), beside the plain pages of `listing.ts` and the whole answers of `searching.ts`. */
import type { Running } from '../peers/peer.ts';
import { openInbox } from './imap-session.ts';
import { META } from './listing.ts';
import { BIG_USER, type Outcome, type Scale, timed, type Workload } from './workload.ts';

async function pages(
  server: Running,
  total: number,
  command: (n: number) => string,
  what: RegExp,
): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openInbox(server, BIG_USER);
  for (let n = 0; n < total; n++) {
    const answer = await timed(latencies, () => client.imap(command(n)));
    if (!what.test(answer)) throw new Error(`no page: ${answer.slice(0, 200)}`);
  }
  client.end();
  return { operations: total, latenciesMs: latencies };
}

const firstOf = (n: number, scale: Scale): number => 1 + ((n * 7919) % (scale.big - 50));

export const paging: readonly Workload[] = [
  {
    name: 'list.page50.partial',
    what: `50 messages at a random place in 100,000 from the end: UID FETCH 1:* (${META}) (PARTIAL -n:-m)`,
    unit: 'page',
    needs: 'big',
    isOursAlone: true,
    run(server, scale) {
      const command = (n: number): string => {
        const first = firstOf(n, scale);
        return `UID FETCH 1:* (${META}) (PARTIAL -${first}:-${first + 49})`;
      };
      return pages(server, scale.times(1000), command, /FETCH/);
    },
  },
  {
    name: 'search.page50',
    what: 'the first 50 of a result: UID SEARCH RETURN (PARTIAL 1:50) UNSEEN, 100,000 messages',
    unit: 'page',
    needs: 'big',
    run: (server, scale) =>
      pages(server, scale.times(200), () => 'UID SEARCH RETURN (PARTIAL 1:50) UNSEEN', /PARTIAL/),
  },
  {
    name: 'search.page50.last',
    what: 'the last 50 of it: UID SEARCH RETURN (PARTIAL -1:-50) UNSEEN',
    unit: 'page',
    needs: 'big',
    isOursAlone: true,
    run: (server, scale) =>
      pages(server, scale.times(200), () => 'UID SEARCH RETURN (PARTIAL -1:-50) UNSEEN', /PARTIAL/),
  },
];
