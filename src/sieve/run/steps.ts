/**
 * How a run waits without being asynchronous: it is a generator that hands out what it waits for, or `undefined` where it may be
 * interrupted. Whoever drives it decides what waiting is, so that the same interpreter runs in a test, in a thread, or between two
 * turns of a server's event loop.
 */
export type Steps<T> = Generator<Promise<unknown> | undefined, T, unknown>;

/** What the environment answers: at once when it can. */
export type Answer<T> = T | Promise<T>;

export function* answered<T>(answer: Answer<T>): Steps<T> {
  return answer instanceof Promise ? ((yield answer) as T) : answer;
}

/** Runs to the end without a pause; a promise cannot be waited for and is an error of the caller. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (step.value !== undefined) throw new Error('a run that waits cannot be finished at once');
  }
}

/**
 * Runs to the end. `pause` is asked wherever the run may be interrupted, and what it returns is waited for: `TimeSlice.spent` of
 * `base/time-slice.ts` serves.
 */
export async function finishInTurns<T>(steps: Steps<T>, pause: () => Promise<void> | undefined): Promise<T> {
  let answer: unknown;
  for (;;) {
    const step = steps.next(answer);
    if (step.done === true) return step.value;
    if (step.value === undefined) {
      answer = undefined;
      const wait = pause();
      if (wait !== undefined) await wait;
      continue;
    }
    try {
      answer = await step.value;
    } catch (error) {
      const caught = steps.throw(error);
      if (caught.done === true) return caught.value;
      throw error;
    }
  }
}
