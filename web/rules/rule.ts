/** A rule as a person makes it: which mail it is about, and what is done with it as it comes. Pure. */
import type { Id } from '../sync/model.ts';

export const TEST_KINDS = ['from', 'to', 'subject', 'list', 'body', 'larger'] as const;
export type TestKind = (typeof TEST_KINDS)[number];

export interface RuleTest {
  readonly on: TestKind;
  /** What is in it, whatever the case; of `larger` a number of megabytes. */
  readonly value: string;
}

export interface Rule {
  /** By which two devices mean the same one. */
  readonly id: string;
  readonly isOn: boolean;
  /** All tests have to fit; else one is enough. */
  readonly isAll: boolean;
  readonly tests: readonly RuleTest[];
  /** Where it goes; the rules behind are then not asked. Absent: it stays in the Inbox. */
  readonly move?: Id;
  readonly isRead: boolean;
  readonly isStarred: boolean;
  /** A copy goes there. */
  readonly forward?: string;
}

export type RuleFault = 'noTest' | 'emptyTest' | 'noNumber' | 'noDeed' | 'badAddress';

export const MOST_RULES = 200;
export const MOST_TESTS = 20;
export const MOST_VALUE = 300;
const ADDRESS = /^[^\s@<>"(),:;[\]\\]{1,64}@[^\s@<>"(),:;[\]\\]{1,255}$/;
/** Controls end a line of the script, or do worse. */
const CONTROLS = /[\u0000-\u001f\u007f]+/g;

export function newRule(id: string, tests: readonly RuleTest[]): Rule {
  return { id, isOn: true, isAll: true, tests, isRead: false, isStarred: false };
}

/** What has to be mended before it can be kept. */
export function faultOf({ tests, move, isRead, isStarred, forward }: Rule): RuleFault | undefined {
  const fault = testFaultOf(tests);
  if (fault !== undefined) return fault;
  if (forward !== undefined && !ADDRESS.test(forward)) return 'badAddress';
  return move === undefined && !isRead && !isStarred && forward === undefined ? 'noDeed' : undefined;
}

export function testFaultOf(tests: readonly RuleTest[]): RuleFault | undefined {
  if (tests.length === 0) return 'noTest';
  if (tests.some(({ value }) => value.trim() === '')) return 'emptyTest';
  if (tests.some(({ on, value }) => on === 'larger' && octetsOf(value) === undefined)) return 'noNumber';
  return undefined;
}

/** Of a number of megabytes as people write it. */
export function octetsOf(megabytes: string): number | undefined {
  const number = Number(megabytes.trim().replace(',', '.'));
  return number > 0 && number <= 2000 ? Math.round(number * 1_000_000) : undefined;
}

/** As it is kept: without what nobody typed on purpose. */
export function tidied(rule: Rule): Rule {
  const { move, forward, tests, ...rest } = rule;
  const address = forward?.trim();
  return {
    ...rest,
    tests: tests
      .slice(0, MOST_TESTS)
      .map(({ on, value }) => ({ on, value: value.replace(CONTROLS, ' ').trim().slice(0, MOST_VALUE) })),
    ...(move ? { move } : {}),
    ...(address ? { forward: address } : {}),
  };
}

/** What was kept, if it is a rule. */
export function ruleOf(value: unknown): Rule | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, isOn, isAll, tests, move, isRead, isStarred, forward } = value as Partial<Rule>;
  if (typeof id !== 'string' || !Array.isArray(tests) || !tests.every(isTest)) return undefined;
  const rule = tidied({
    ...{ id, tests, isOn: isOn === true, isAll: isAll !== false },
    ...{ isRead: isRead === true, isStarred: isStarred === true },
    ...(typeof move === 'string' ? { move } : {}),
    ...(typeof forward === 'string' ? { forward } : {}),
  });
  return faultOf(rule) === undefined ? rule : undefined;
}

function isTest(value: unknown): value is RuleTest {
  const { on, value: text } = (value ?? {}) as Partial<RuleTest>;
  return TEST_KINDS.includes(on as TestKind) && typeof text === 'string';
}
