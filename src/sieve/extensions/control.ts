/** Control commands and the tests that only join others (RFC 5228 §3, §5.2, §5.3, §5.8, §5.10). */
import type { CommandDefinition, TestDefinition } from '../compile/language.ts';
import type { CommandNode, Node } from '../compile/script.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';

export const CONTROL_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'if',
    tests: 'one',
    hasBlock: true,
    run: branch,
  },
  {
    name: 'elsif',
    tests: 'one',
    hasBlock: true,
    follows: ['if', 'elsif'],
    run(run, node) {
      if (run.frame?.isTaken === false) return branch(run, node);
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
    run(run, node) {
      const found = run.test(only(node));
      return typeof found === 'boolean' ? !found : negated(found);
    },
  },
  {
    name: 'allof',
    tests: 'list',
    *run(run, { tests }): Steps<boolean> {
      for (const test of tests) if (!(yield* inTurns(run.test(test)))) return false;
      return true;
    },
  },
  {
    name: 'anyof',
    tests: 'list',
    *run(run, { tests }): Steps<boolean> {
      for (const test of tests) if (yield* inTurns(run.test(test))) return true;
      return false;
    },
  },
];

/** What stands in the block of a branch whose test holds is executed next. */
function branch(run: Run, node: CommandNode): void | Steps<void> {
  const found = run.test(only(node));
  if (typeof found !== 'boolean') return branchInTurns(run, node, found);
  take(run, node, found);
}

function* branchInTurns(run: Run, node: CommandNode, steps: Steps<boolean>): Steps<void> {
  take(run, node, yield* steps);
}

function take(run: Run, node: CommandNode, isTaken: boolean): void {
  if (run.frame !== undefined) run.frame.isTaken = isTaken;
  if (isTaken) run.enter(node.block);
}

function* negated(steps: Steps<boolean>): Steps<boolean> {
  return !(yield* steps);
}

function* inTurns(found: boolean | Steps<boolean>): Steps<boolean> {
  return typeof found === 'boolean' ? found : yield* found;
}

/** The checker saw to it that there is one. */
function only({ tests }: Node): Node {
  return tests[0] as Node;
}
