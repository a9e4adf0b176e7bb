/** The indented blocks of a page: commands for a shell, one a line, lines of a configuration file, or of a zone file. */
export interface Block {
  /** The heading above it. */
  readonly section: string;
  readonly kind: 'commands' | 'configuration' | 'records';
  /** Commands without comments, the others as they stand. */
  readonly lines: readonly string[];
}

const INDENT = '    ';
/** A table, or a name and a value with spaces around the sign, which no shell would take for an assignment. */
const CONFIGURATION = /^(?:\[\w+\]|\w+ = )/;
const RECORD = /^\S+\.\s+IN\s/;

export function readBlocks(page: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let lines: string[] = [];
  const end = (): void => {
    while (lines.at(-1) === '') lines.pop();
    if (lines.length > 0) blocks.push(blockOf(section, lines));
    lines = [];
  };
  for (const line of page.split('\n')) {
    if (line.startsWith(INDENT)) lines.push(line.slice(INDENT.length));
    else if (line === '' && lines.length > 0) lines.push('');
    else end();
    if (line.startsWith('## ')) section = line.slice(3);
  }
  end();
  return blocks;
}

function blockOf(section: string, lines: readonly string[]): Block {
  if (CONFIGURATION.test(lines[0] ?? '')) return { section, kind: 'configuration', lines };
  if (RECORD.test(lines[0] ?? '')) return { section, kind: 'records', lines };
  const commands = lines.map((line) => line.replace(/(?:^|\s+)#\s.*$/, '')).filter((line) => line !== '');
  return { section, kind: 'commands', lines: commands };
}
