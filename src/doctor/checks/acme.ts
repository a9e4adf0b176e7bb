/** How it goes with the certificates that this server gets by itself: what was got, what was left out and why, what comes next. */
import { type CertificateState, HOST_ID } from '../../acme/state.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check } from '../world.ts';

const DAY_MS = 86_400_000;
const expected = 'a certificate from the authority, renewed in time';

export const acme: Check = {
  name: 'acme',
  async run({ config, machine, nowMs }) {
    if (!config.acme.enabled) return [];
    const state = await machine.acmeState();
    if (state[HOST_ID] === undefined)
      return [
        unknown({
          ...{ subject: config.hostname, expected, seen: 'nothing was tried yet' },
          remedy: 'start the server, and look again in a minute',
        }),
      ];
    return Object.entries(state).flatMap(([id, one]) =>
      judge(id === HOST_ID ? config.hostname : id, one, nowMs, id === HOST_ID),
    );
  },
};

/** Without the one for the host name mail programs complain; without another, only one domain is harder to set up. */
export function judge(subject: string, state: CertificateState, nowMs: number, isHost: boolean): Outcome[] {
  const { failures, why = '', nextMs, names, renewedMs } = state;
  const next = new Date(nextMs).toISOString();
  const failed = {
    ...{ subject, expected, seen: `${failures} tries in a row gave none: ${why}; the next is at ${next}` },
    remedy: 'mend what the authority says; a restart does not make it try sooner',
  };
  const got = `for ${names.join(', ')}, got ${daysAgo(nowMs - (renewedMs ?? nowMs))}`;
  const last = failures === 0 ? ok({ subject, expected, seen: got }) : isHost ? fail(failed) : warn(failed);
  const left = Object.entries(state.failed).map(
    ([name, one]): Outcome =>
      warn({
        ...{ subject: name, expected: 'a name that the authority can check', seen: one.why },
        remedy: `see that ${name} leads to this machine at port 80 or 443, or take the name out of the DNS; it is tried again a day later`,
      }),
  );
  return [last, ...left];
}

function daysAgo(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  return days <= 0 ? 'today' : `${days} days ago`;
}
