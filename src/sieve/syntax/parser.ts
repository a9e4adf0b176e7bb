/**
 * The tree of a script (RFC 5228 §8.2). Pure: text in, tree out.
 *
 * Promises: throws nothing but `ScriptError`, whatever the text is; what nests deeper than the limits, or has more commands, tests
 * and strings, is refused before anything is spent on it, so that neither stack nor memory belongs to who writes the script.
 */
import { isUtf8 } from 'node:buffer';
import { ScriptError } from './fault.ts';
import { Lexer, type Token } from './lexer.ts';
import type { Argument, Phrase, Statement, StringToken } from './tree.ts';

export interface SyntaxLimits {
  readonly scriptBytes: number;
  readonly blockDepth: number;
  readonly testDepth: number;
  /** Commands, tests, arguments and strings. */
  readonly nodes: number;
}

export const SYNTAX_LIMITS: SyntaxLimits = Object.freeze({
  scriptBytes: 1024 * 1024,
  blockDepth: 32,
  testDepth: 32,
  nodes: 10_000,
});

/** The script's octets as text; they must be UTF-8 (RFC 5228 §2.1). */
export function scriptText(octets: Buffer, limits: SyntaxLimits = SYNTAX_LIMITS): string {
  if (octets.length > limits.scriptBytes)
    throw new ScriptError(`the script is longer than ${limits.scriptBytes} octets`, { line: 1, column: 1 });
  if (isUtf8(octets)) return octets.toString('utf8');
  const lines = octets.toString('latin1').split('\n');
  const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1')));
  throw new ScriptError('this line is not UTF-8', { line: line + 1, column: 1 });
}

export function parseScript(text: string, limits: SyntaxLimits = SYNTAX_LIMITS): readonly Statement[] {
  if (Buffer.byteLength(text) > limits.scriptBytes)
    throw new ScriptError(`the script is longer than ${limits.scriptBytes} octets`, { line: 1, column: 1 });
  return new Parser(new Lexer(text), limits).script();
}

class Parser {
  readonly #lexer: Lexer;
  readonly #limits: SyntaxLimits;
  #token: Token;
  #nodes = 0;

  constructor(lexer: Lexer, limits: SyntaxLimits) {
    this.#lexer = lexer;
    this.#limits = limits;
    this.#token = lexer.next();
  }

  script(): readonly Statement[] {
    const commands = this.#commands(0);
    if (this.#token.kind !== 'end') throw this.#unexpected('a command');
    return commands;
  }

  #commands(depth: number): readonly Statement[] {
    const out: Statement[] = [];
    while (this.#token.kind === 'identifier') out.push(this.#command(depth));
    return out;
  }

  #command(depth: number): Statement {
    const phrase = this.#phrase(0);
    if (this.#accepts(';')) return { ...phrase, block: undefined };
    if (!this.#accepts('{')) throw this.#unexpected(`";" or "{" to end "${phrase.name}"`);
    if (depth >= this.#limits.blockDepth)
      throw new ScriptError(`blocks nest deeper than ${this.#limits.blockDepth}`, phrase.place);
    const block = this.#commands(depth + 1);
    if (!this.#accepts('}'))
      throw this.#unexpected(`a command or "}" to close the block of "${phrase.name}"`);
    return { ...phrase, block };
  }

  /** `identifier arguments`: what a command and a test begin with. */
  #phrase(testDepth: number): Phrase {
    const token = this.#token;
    if (token.kind !== 'identifier') throw this.#unexpected('a test');
    if (testDepth > this.#limits.testDepth)
      throw new ScriptError(`tests nest deeper than ${this.#limits.testDepth}`, token.place);
    this.#count();
    this.#advance();
    const args: Argument[] = [];
    for (let argument = this.#argument(); argument !== undefined; argument = this.#argument())
      args.push(argument);
    const isTestList = this.#accepts('(');
    const tests: Phrase[] = [];
    if (isTestList) {
      do tests.push(this.#phrase(testDepth + 1));
      while (this.#accepts(','));
      if (!this.#accepts(')')) throw this.#unexpected('"," or ")" in the list of tests');
    } else if (this.#token.kind === 'identifier') tests.push(this.#phrase(testDepth + 1));
    return { name: token.name, place: token.place, args, tests, isTestList };
  }

  #argument(): Argument | undefined {
    const token = this.#token;
    if (token.kind === 'string') {
      return { kind: 'strings', strings: [this.#string()], isList: false, place: token.place };
    }
    if (token.kind === 'number' || token.kind === 'tag') {
      this.#count();
      this.#advance();
      return token;
    }
    if (!this.#accepts('[')) return undefined;
    const strings: StringToken[] = [];
    do strings.push(this.#string());
    while (this.#accepts(','));
    if (!this.#accepts(']')) throw this.#unexpected('"," or "]" in the list of strings');
    return { kind: 'strings', strings, isList: true, place: token.place };
  }

  #string(): StringToken {
    const token = this.#token;
    if (token.kind !== 'string') throw this.#unexpected('a string');
    this.#count();
    this.#advance();
    return { text: token.text, place: token.place };
  }

  #accepts(sign: string): boolean {
    if (this.#token.kind !== 'sign' || this.#token.sign !== sign) return false;
    this.#advance();
    return true;
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }

  #count(): void {
    if (++this.#nodes > this.#limits.nodes)
      throw new ScriptError(
        `the script has more than ${this.#limits.nodes} commands, tests and arguments`,
        this.#token.place,
      );
  }

  #unexpected(expected: string): ScriptError {
    return new ScriptError(`expected ${expected}, found ${described(this.#token)}`, this.#token.place);
  }
}

function described(token: Token): string {
  switch (token.kind) {
    case 'identifier':
      return `"${token.name}"`;
    case 'tag':
      return `":${token.name}"`;
    case 'number':
      return `the number ${token.value}`;
    case 'string':
      return 'a string';
    case 'sign':
      return `"${token.sign}"`;
    case 'end':
      return 'the end of the script';
  }
}
