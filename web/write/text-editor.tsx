/** The text of a mail: an editor with its few buttons, and below it what is quoted, folded and left as it came. */
import { useEffect, useRef } from 'preact/hooks';
import { MailFrame } from '../read/mail-frame.tsx';
import type { PictureUrls } from '../read/pictures.ts';
import { useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { Editor, type EditorOptions, type Format } from './editor.ts';

export interface TextEditorProps extends Omit<EditorOptions, 'onChange'> {
  /** Where it begins; what is written is the editor's from then on. */
  readonly html: string;
  readonly onHtml: (html: string) => void;
  readonly wantsFocus: 'start' | 'end' | undefined;
  readonly onEditor: (editor: Editor) => void;
}

export function TextEditor({ html, onHtml, wantsFocus, onEditor, ...options }: TextEditorProps) {
  const texts = useTexts().write;
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef({ ...options, onHtml });
  latest.current = { ...options, onHtml };
  useEffect(() => {
    if (root.current === null) return;
    const editor = new Editor(root.current, {
      pictureUrl: (cid) => latest.current.pictureUrl(cid),
      onFiles: (files, isPasted) => latest.current.onFiles(files, isPasted),
      onChange: () => latest.current.onHtml(editor.html),
    });
    editor.set(html);
    onEditor(editor);
    if (wantsFocus !== undefined) editor.focus(wantsFocus);
    return () => editor.destroy();
  }, []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: what is written has form, which a textarea has not
    <div
      ref={root}
      class="editor"
      contentEditable
      role="textbox"
      tabIndex={0}
      aria-multiline="true"
      aria-label={texts.text}
      dir="auto"
      spellcheck
    />
  );
}

const FORMATS: readonly (readonly [Format, string])[] = [
  ['bold', 'B'],
  ['italic', 'I'],
  ['underline', 'U'],
  ['bullets', '•'],
  ['numbers', '1.'],
  ['quote', '”'],
];

interface FormatButtonsProps {
  readonly editor: () => Editor | undefined;
  /** It goes as text alone, which has no form. */
  readonly isPlain: boolean;
  readonly onPlain: (isPlain: boolean) => void;
}

export function FormatButtons({ editor, isPlain, onPlain }: FormatButtonsProps) {
  const texts = useTexts().write;
  const shown = isPlain ? [] : FORMATS;
  return (
    <div class="formats" role="toolbar" aria-label={texts.format}>
      {shown.map(([format, sign]) => (
        <button
          key={format}
          type="button"
          class={`icon-button format-${format}`}
          aria-label={texts[format]}
          title={texts[format]}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => editor()?.format(format)}
        >
          <span aria-hidden="true" data-sign={sign} />
        </button>
      ))}
      <button type="button" class="button quiet" aria-pressed={isPlain} onClick={() => onPlain(!isPlain)}>
        {isPlain ? <Icon name="check" /> : null}
        {texts.plain}
      </button>
    </div>
  );
}

interface QuoteProps {
  readonly quote: string;
  readonly isDark: boolean;
  readonly onRemove: () => void;
  /** Into the editor, so that one can answer in between. */
  readonly onEdit: () => void;
}

const NO_PICTURES: PictureUrls = { urlOf: async (sources) => sources.map(() => undefined) };

export function Quote({ quote, isDark, onRemove, onEdit }: QuoteProps) {
  const texts = useTexts().write;
  if (quote === '') return null;
  return (
    <details class="fold quote-fold">
      <summary>{texts.quoted}</summary>
      <div class="quote-buttons">
        <button type="button" class="button quiet" onClick={onEdit}>
          {texts.editQuote}
        </button>
        <button type="button" class="button quiet" onClick={onRemove}>
          {texts.removeQuote}
        </button>
      </div>
      <MailFrame
        html={quote}
        title={texts.quoted}
        isDark={isDark}
        areLinksDead
        pictures={NO_PICTURES}
        onHidden={() => {}}
        onTooLarge={() => {}}
      />
    </details>
  );
}
