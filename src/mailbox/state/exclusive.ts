/** One at a time for each key, in the order they came. */
import { Mutex } from '../../base/gate.ts';

export class Exclusive<K> {
  readonly #doors = new Map<K, { readonly mutex: Mutex; users: number }>();

  async run<T>(key: K, work: () => Promise<T>): Promise<T> {
    const door = this.#doors.get(key) ?? { mutex: new Mutex(), users: 0 };
    this.#doors.set(key, door);
    door.users++;
    try {
      return await door.mutex.run(work);
    } finally {
      if (--door.users === 0) this.#doors.delete(key);
    }
  }
}
