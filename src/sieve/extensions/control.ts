/** Control commands and the tests that only join others (RFC 5228 §3, §5.2, §5.3, §5.8, §5.10). */
import type { CommandDefinition, TestDefinition } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import type { Steps } from '../run/steps.ts';

export const CONTROL_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'if',
    tests: 'one',
    hasBlock: true,
    *run(run, node): Steps<void> {
      const { frame } = run;
      const isTaken = yield* run.test(only(node));
      if (frame !== undefined) frame.isTaken = isTaken;
      if (isTaken) run.enter(node.block);
    },
  },
  {
    name: 'elsif',
    tests: 'one',
    hasBlock: true,
    follows: ['if', 'elsif'],
    *run(run, node): Steps<void> {
      const { frame } = run;
      if (frame === undefined || frame.isTaken) return;
      frame.isTaken = yield* run.test(only(node));
      if (frame.isTaken) run.enter(node.block);
    },
  },
  {
    name: 'else',
    hasBlock: true,
    follows: ['if', 'elsif'],
    run(run, node) {
      if (run.frame?.isTaken === false) run.enter(node.block);
    },
  },
  { name: 'stop', run: (run) => run.stop() },
];

export const CONTROL_TESTS: readonly TestDefinition[] = [
  { name: 'true', run: () => true },
  { name: 'false', run: () => false },
  {
    name: 'not',
    tests: 'one',
    *run(run, node): Steps<boolean> {
      return !(yield* run.test(only(node)));
    },
  },
  {
    name: 'allof',
    tests: 'list',
    *run(run, { tests }): Steps<boolean> {
      for (const test of tests) if (!(yield* run.test(test))) return false;
      return true;
    },
  },
  {
    name: 'anyof',
    tests: 'list',
    *run(run, { tests }): Steps<boolean> {
      for (const test of tests) if (yield* run.test(test)) return true;
      return false;
    },
  },
];

/** The checker saw to it that there is one. */
function only({ tests }: Node): Node {
  return tests[0] as Node;
}
