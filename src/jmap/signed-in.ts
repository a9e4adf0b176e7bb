/** A route of JMAP for whoever signed in, answered where the account is held. */
import { whoAsks } from '../http/asking.ts';
import { askHolder, passUpgrade, unreachable } from '../http/elsewhere.ts';
import type { HttpReply, HttpRequest, RawUpgrade, Route } from '../http/exchange.ts';
import type { Admission } from '../identity/authenticator.ts';
import type { JmapServices } from './services.ts';

export function signedIn(
  services: JmapServices,
  answer: (request: HttpRequest, who: Admission) => Promise<HttpReply>,
): Route['answer'] {
  return async (request) => {
    const asking = await whoAsks(services.judges, request, services.askToSignIn(request));
    if (asking.kind === 'refused') return asking.reply;
    const place = services.domain.placement.locate(asking.who.record.id);
    if (place.kind === 'here') return answer(request, asking.who);
    // Whom another process has asked does not ask a third one: they may disagree for a moment about who holds what.
    if (place.kind === 'elsewhere' && request.vouched === undefined)
      return askHolder(services.relay, place.holder, request, asking.who);
    return unreachable();
  };
}

type Upgrade = NonNullable<Route['upgrade']>;

/** The same for a connection that is taken over. */
export function upgradedHere(
  services: JmapServices,
  take: (request: HttpRequest, raw: RawUpgrade, who: Admission) => Promise<HttpReply | undefined>,
): Upgrade {
  return async (request, raw) => {
    const asking = await whoAsks(services.judges, request, services.askToSignIn(request));
    if (asking.kind === 'refused') return asking.reply;
    const place = services.domain.placement.locate(asking.who.record.id);
    if (place.kind === 'here') return take(request, raw, asking.who);
    if (place.kind === 'elsewhere' && request.vouched === undefined)
      return passUpgrade(services.relay, place.holder, request, raw, asking.who);
    return unreachable();
  };
}
