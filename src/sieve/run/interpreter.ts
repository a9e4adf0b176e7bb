/**
 * Executes scripts: a loop over a stack of frames, so that neither nesting nor including costs the machine's stack anything.
 *
 * Promises: whatever the scripts and the message are, it ends, with a list of effects that keeps the message unless a script that ran to
 * its end said otherwise. A script that fails has asked for nothing, and the message is kept in INBOX as it came (RFC 5228 §2.10.6);
 * the scripts after it run. Between two commands others may be let in.
 */
import type { Language } from '../compile/language.ts';
import type { Node, Script } from '../compile/script.ts';
import type { Effect, FileEffect, Origin, SeenId } from '../effects.ts';
import type { Environment } from '../environment.ts';
import { RunFault } from './budget.ts';
import { LIMITS, type Limits } from './limits.ts';
import { type Note, Run } from './run.ts';
import type { Steps } from './steps.ts';
import { INBOX } from './target.ts';

/** A script that ended early: its owner is to be told, and the line named. */
export interface Failure {
  readonly reason: string;
  readonly origin: Origin;
}

export interface Outcome {
  /** In the order in which they were asked for; an implicit keep is the last one. */
  readonly effects: readonly Effect[];
  readonly seen: readonly SeenId[];
  readonly notes: readonly Note[];
  readonly failures: readonly Failure[];
  readonly spent: { readonly steps: number; readonly octets: number };
}

/**
 * Runs the scripts one after another over one message. `stop` ends its own script; after a discard or a reject that stands, no further
 * script is asked.
 */
export function* execute(
  language: Language,
  scripts: readonly Script[],
  environment: Environment,
  limits: Limits = LIMITS,
): Steps<Outcome> {
  const run = new Run(environment, limits, (_, test) => evaluate(language, run, test));
  const failures: Failure[] = [];
  for (const script of scripts) {
    const before = run.actions.mark();
    try {
      yield* executeScript(language, run, script);
    } catch (error) {
      if (!(error instanceof RunFault)) throw error;
      failures.push({ reason: error.message, origin: run.origin });
      run.stop();
      run.actions.backTo(before);
      run.message.reset();
      run.flags = environment.flags ?? [];
    }
    if (run.actions.isDecided && failures.length === 0) break;
  }
  return outcome(run, failures);
}

function* executeScript(language: Language, run: Run, script: Script): Steps<void> {
  run.enterScript(script);
  for (let { frame } = run; frame !== undefined; frame = run.frame) {
    const command = frame.commands[frame.next++];
    if (command === undefined) {
      if (frame.loop !== undefined && ++frame.loop.at < frame.loop.paths.length) frame.next = 0;
      else run.leave();
      run.budget.step();
      continue;
    }
    run.budget.step();
    run.at(command);
    const definition = language.command(command.name);
    // Of what only encloses others, their tests and commands tell.
    if (definition.hasBlock !== true) trace(run, command);
    const executed = definition.run(run, command);
    if (executed !== undefined) yield* executed;
    yield undefined;
  }
}

function evaluate(language: Language, run: Run, test: Node): boolean | Steps<boolean> {
  run.budget.step();
  run.at(test);
  const found = language.test(test.name).run(run, test);
  if (typeof found !== 'boolean') return evaluateInTurns(run, test, found);
  trace(run, test, found);
  return found;
}

function* evaluateInTurns(run: Run, test: Node, steps: Steps<boolean>): Steps<boolean> {
  const result = yield* steps;
  trace(run, test, result);
  return result;
}

function trace(run: Run, { name, place }: Node, result?: boolean): void {
  const note = run.environment.trace;
  if (note === undefined) return;
  note({ script: run.origin.script, ...place, name, ...(result !== undefined && { result }) });
}

function outcome(run: Run, failures: readonly Failure[]): Outcome {
  const { actions, budget, notes } = run;
  const [failure] = failures;
  if (failure !== undefined || actions.isKept)
    actions.keepImplicitly(implicitKeep(run, failure), failure !== undefined);
  const { effects } = actions;
  return {
    effects: failure === undefined ? effects : effects.filter(isHarmless),
    seen: actions.seen,
    notes,
    failures,
    spent: { steps: budget.steps, octets: budget.octets },
  };
}

/** After a failure as it came, without the flags that a script has set. */
function implicitKeep(run: Run, failure: Failure | undefined): FileEffect {
  return {
    kind: 'keep',
    target: { mailbox: INBOX, mayCreate: false, flags: run.flags },
    edition: failure === undefined ? run.message.edition : undefined,
    isImplicit: true,
    origin: failure?.origin,
  };
}

/** When a script failed the message stays: nobody may be told that it was refused. */
function isHarmless({ kind }: Effect): boolean {
  return kind !== 'discard' && kind !== 'reject' && kind !== 'ereject';
}
