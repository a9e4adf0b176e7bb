/** Plain text, drawn from its blocks: text nodes and anchors. */
import { useTexts } from '../shell/app.ts';
import { leadTo } from './lead-to.ts';
import { type Block, type Piece, plainBlocks } from './plain-blocks.ts';
import type { TextFormat } from './plain-lines.ts';

export interface PlainTextProps {
  readonly text: string;
  readonly format?: TextFormat;
  readonly areLinksDead?: boolean;
}

export function PlainText({ text, format, areLinksDead = false }: PlainTextProps) {
  const blocks = plainBlocks(text, format);
  return (
    <div class="plain-text" dir="auto">
      <Blocks blocks={blocks} areLinksDead={areLinksDead} />
    </div>
  );
}

function Blocks({
  blocks,
  areLinksDead,
}: {
  readonly blocks: readonly Block[];
  readonly areLinksDead: boolean;
}) {
  const texts = useTexts().read;
  return (
    <>
      {blocks.map((block, i) => {
        if (block.kind !== 'quote')
          return (
            <p key={i} class={block.kind}>
              <Pieces pieces={block.pieces} areLinksDead={areLinksDead} />
            </p>
          );
        const quote = (
          <blockquote>
            <Blocks blocks={block.blocks} areLinksDead={areLinksDead} />
          </blockquote>
        );
        if (!block.isFolded) return <div key={i}>{quote}</div>;
        return (
          <details key={i} class="fold">
            <summary>{texts.quotedLines(block.lines)}</summary>
            {quote}
          </details>
        );
      })}
    </>
  );
}

function Pieces({
  pieces,
  areLinksDead,
}: {
  readonly pieces: readonly Piece[];
  readonly areLinksDead: boolean;
}) {
  return (
    <>
      {pieces.map(({ text, link }, i) =>
        link === undefined || areLinksDead ? (
          text
        ) : (
          <a key={i} href={leadTo(link)} target="_blank" rel="noopener noreferrer" title={link.target}>
            {text}
          </a>
        ),
      )}
    </>
  );
}
