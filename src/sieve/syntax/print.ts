/**
 * A tree written down again, two spaces for a block: what is printed parses to the same tree. Comments are gone, and names have
 * lower case.
 */
import type { Argument, Phrase, Statement } from './tree.ts';

export function printScript(commands: readonly Statement[]): string {
  return printBlock(commands, '');
}

/** Every command and test of a tree, those in blocks and lists too. */
export function* allPhrases(commands: readonly Statement[]): Generator<Phrase> {
  for (const command of commands) {
    yield command;
    yield* testsIn(command);
    yield* allPhrases(command.block ?? []);
  }
}

/** One command or test without its block, on one line. */
export function printPhrase(phrase: Phrase): string {
  const words = [phrase.name, ...phrase.args.map(printArgument)];
  const tests = phrase.tests.map(printPhrase).join(', ');
  if (phrase.isTestList) words.push(`(${tests})`);
  else if (tests !== '') words.push(tests);
  return words.join(' ');
}

function* testsIn({ tests }: Phrase): Generator<Phrase> {
  for (const test of tests) {
    yield test;
    yield* testsIn(test);
  }
}

function printBlock(commands: readonly Statement[], indent: string): string {
  return commands
    .map((command) => {
      const head = indent + printPhrase(command);
      if (command.block === undefined) return `${head};\r\n`;
      return `${head} {\r\n${printBlock(command.block, `${indent}  `)}${indent}}\r\n`;
    })
    .join('');
}

function printArgument(argument: Argument): string {
  if (argument.kind === 'number') return printNumber(argument.value);
  if (argument.kind === 'tag') return `:${argument.name}`;
  const strings = argument.strings.map(({ text }) => quotedString(text));
  return argument.isList ? `[${strings.join(', ')}]` : strings.join('');
}

/** As people write sizes. */
function printNumber(value: number): string {
  const quantifier = ['G', 'M', 'K'].find((_, i) => value > 0 && value % 1024 ** (3 - i) === 0);
  return quantifier === undefined
    ? String(value)
    : `${value / 1024 ** ('KMG'.indexOf(quantifier) + 1)}${quantifier}`;
}

function quotedString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
