/** The text of a part as a reader of mail sees it, for showing where something was found: of HTML without its markup. */
import type { TextSink } from '../../mail/preview/collected-text.ts';
import { readHtml } from '../../mail/preview/html-text.ts';
import type { BodyPart } from './body-tree.ts';
import { bodyValue, type ValueBudget } from './body-values.ts';
import type { MessageOctets } from './message-octets.ts';

/** Of one part: whoever searches finds it near the beginning, or looks into the mail. */
const MOST_BYTES = 256 * 1024;

/** White space is one space. */
export async function plainText(octets: MessageOctets, part: BodyPart, budget: ValueBudget): Promise<string> {
  const { value } = await bodyValue(octets, part, { mostBytes: MOST_BYTES, budget });
  if (part.type !== 'text/html') return singleSpaced(value);
  const sink = new AllText();
  readHtml(value, sink);
  return singleSpaced(sink.text);
}

class AllText implements TextSink {
  readonly isFull = false;
  text = '';

  /** In whose words it is makes no difference. */
  add(_place: string, text: string): void {
    this.text += text;
  }
}

function singleSpaced(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
