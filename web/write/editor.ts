/**
 * The editor: Squire, with everything that comes from outside cleaned before it sees it. What is dropped or pasted as files goes to whoever
 * asks for files; HTML becomes what the editor could have made itself (`clean-written.ts`).
 */
import Squire from 'squire-rte';
import { cleanWritten, type WrittenOptions, writtenHtml } from './clean-written.ts';

export interface EditorOptions extends WrittenOptions {
  readonly onChange: () => void;
  /** `isPasted`: they were pasted into the text. */
  readonly onFiles: (files: readonly File[], isPasted: boolean) => void;
}

export type Format = 'bold' | 'italic' | 'underline' | 'bullets' | 'numbers' | 'quote';

/** Squire writes remembered versions as text into the page, which its policy does not take; here they become nodes. */
function squireOf(root: HTMLElement, clean: (html: string) => DocumentFragment): Squire {
  class Nodes extends Squire {
    override _setRawHTML(html: string): this {
      root.replaceChildren(clean(html));
      if (root.firstChild === null) root.append(this.createDefaultBlock());
      this._ignoreChange = true;
      return this;
    }
  }
  return new Nodes(root, {
    blockTag: 'DIV',
    sanitizeToDOMFragment: clean,
    didError: (error: unknown) => console.error(error),
  });
}

export class Editor {
  readonly #root: HTMLElement;
  readonly #squire: Squire;

  constructor(root: HTMLElement, options: EditorOptions) {
    this.#root = root;
    this.#take(options);
    this.#squire = squireOf(root, (html) => cleanWritten(html, options));
    this.#squire.addEventListener('input', options.onChange);
  }

  get html(): string {
    return writtenHtml(this.#root);
  }

  set(html: string): void {
    this.#squire.setHTML(html);
    this.#squire.moveCursorToStart();
  }

  /** Where somebody begins, or goes on. */
  focus(at: 'start' | 'end'): void {
    this.#squire.focus();
    if (at === 'end') this.#squire.moveCursorToEnd();
  }

  format(format: Format): void {
    const squire = this.#squire;
    const has = (tag: string): boolean => squire.hasFormat(tag);
    if (format === 'bold') has('B') ? squire.removeBold() : squire.bold();
    else if (format === 'italic') has('I') ? squire.removeItalic() : squire.italic();
    else if (format === 'underline') has('U') ? squire.removeUnderline() : squire.underline();
    else if (format === 'quote')
      has('BLOCKQUOTE') ? squire.decreaseQuoteLevel() : squire.increaseQuoteLevel();
    else if (has(format === 'bullets' ? 'UL' : 'OL')) squire.removeList();
    else if (format === 'bullets') squire.makeUnorderedList();
    else squire.makeOrderedList();
    squire.focus();
  }

  picture(cid: string, url: string): void {
    this.#squire.insertImage(url, { 'data-cid': cid });
  }

  destroy(): void {
    this.#squire.destroy();
  }

  /** Before Squire hears of it. */
  #take({ onFiles }: EditorOptions): void {
    this.#root.addEventListener(
      'drop',
      (event) => {
        const transfer = event.dataTransfer;
        if (transfer === null) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (transfer.files.length > 0) onFiles([...transfer.files], false);
        else if (transfer.types.includes('text/html'))
          this.#squire.insertHTML(transfer.getData('text/html'), true);
        else this.#squire.insertPlainText(transfer.getData('text/plain'), true);
      },
      { capture: true },
    );
    this.#root.addEventListener(
      'paste',
      (event) => {
        const data = event.clipboardData;
        // Programs put a picture of their text beside it.
        if (data === null || data.files.length === 0 || data.types.includes('text/html')) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        onFiles([...data.files], true);
      },
      { capture: true },
    );
  }
}
