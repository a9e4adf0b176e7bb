/** One at a time for each account, in the order they came. */
import { Mutex } from '../../base/gate.ts';
import type { AccountId } from '../model/model.ts';

export class Exclusive {
  readonly #doors = new Map<AccountId, { readonly mutex: Mutex; users: number }>();

  async run<T>(account: AccountId, work: () => Promise<T>): Promise<T> {
    const door = this.#doors.get(account) ?? { mutex: new Mutex(), users: 0 };
    this.#doors.set(account, door);
    door.users++;
    try {
      return await door.mutex.run(work);
    } finally {
      if (--door.users === 0) this.#doors.delete(account);
    }
  }
}
