/** `PeopleAdmin` through the control socket; and of several processes, each of which has its part. */
import { inOrderOfTime } from '../identity/activity.ts';
import type { AccountsPage, PeopleAdmin } from './people-admin.ts';

type Json = <T>(method: string, path: string, body?: object) => Promise<T>;

export function peopleOver(json: Json): PeopleAdmin {
  const account = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}`;
  return {
    page: (wanted) => json<AccountsPage>('POST', '/v1/accounts/page', wanted),
    makeLink: async (address) => (await json<{ token: string }>('POST', `${account(address)}/link`)).token,
    resetSecondStep: async (address) =>
      (await json<{ isDone: boolean }>('DELETE', `${account(address)}/second-step`)).isDone,
    signIns: async (limit) =>
      (await json<{ events: Awaited<ReturnType<PeopleAdmin['signIns']>> }>('GET', `/v1/sign-ins/${limit}`))
        .events,
    disconnect: async (id) =>
      (await json<{ isDone: boolean }>('DELETE', `/v1/connections/${encodeURIComponent(id)}`)).isDone,
  };
}

type HasPeople = { readonly people: PeopleAdmin };

export interface SharedPeopleParts {
  /** Throws `unavailable` while one of them is gone. */
  everybody(): Promise<readonly HasPeople[]>;
  /** Of those that are there. */
  whoIsThere(): Promise<readonly HasPeople[]>;
  holderOf(address: string): Promise<HasPeople>;
}

export function sharedPeople({ everybody, whoIsThere, holderOf }: SharedPeopleParts): PeopleAdmin {
  return {
    async page(wanted) {
      const pages = await Promise.all((await everybody()).map(({ people }) => people.page(wanted)));
      const all = pages.flatMap(({ accounts }) => accounts);
      return {
        accounts: all.sort((a, b) => (a.address < b.address ? -1 : 1)).slice(0, wanted.limit),
        total: pages.reduce((sum, { total }) => sum + total, 0),
      };
    },
    makeLink: async (address) => (await holderOf(address)).people.makeLink(address),
    resetSecondStep: async (address) => (await holderOf(address)).people.resetSecondStep(address),
    async signIns(limit) {
      const there = await whoIsThere();
      const lists = await Promise.all(there.map(({ people }) => people.signIns(limit).catch(() => [])));
      return inOrderOfTime(lists.flat()).slice(-limit);
    },
    async disconnect(id) {
      const there = await whoIsThere();
      const done = await Promise.all(there.map(({ people }) => people.disconnect(id).catch(() => false)));
      return done.includes(true);
    },
  };
}
