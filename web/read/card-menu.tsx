/** What can be done with one mail beside answering it: forwarded as a file, printed and seen as text or as it came. */
import { useRef, useState } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import { Later } from '../shell/later.tsx';
import { Icon } from '../ui/icon.tsx';
import type { FullEmail } from './full-email.ts';
import { useReading } from './reading-context.tsx';

export interface CardMenuProps {
  readonly full: FullEmail;
  readonly wantsText: boolean;
  readonly onWantText: (wantsText: boolean) => void;
}

export function CardMenu({ full, wantsText, onWantText }: CardMenuProps) {
  const { read: texts, rules } = useTexts();
  const reading = useReading();
  const menu = useRef<HTMLDivElement>(null);
  const [shown, show] = useState<'source'>();
  const id = `menu-${full.id}`;
  const entry = (text: string, run: () => void) => (
    <button
      type="button"
      role="menuitem"
      onClick={() => {
        menu.current?.hidePopover();
        run();
      }}
    >
      {text}
    </button>
  );
  return (
    <>
      <button
        type="button"
        class="icon-button"
        popovertarget={id}
        aria-label={texts.more}
        aria-haspopup="menu"
      >
        <Icon name="more" />
      </button>
      <div ref={menu} id={id} popover="auto" role="menu" class="menu" aria-label={texts.more}>
        {entry(texts.reply, () => reading.answer('reply', full.id))}
        {entry(texts.replyAll, () => reading.answer('replyAll', full.id))}
        {entry(texts.forward, () => reading.answer('forward', full.id))}
        {entry(texts.forwardAsFile, () => reading.answer('forwardAsFile', full.id))}
        {entry(rules.fromMail, () => reading.makeRule(full.id))}
        {entry(texts.print, () => reading.print([full.id]))}
        {reading.shown.value.length > 1 && entry(texts.printAll, () => reading.print(reading.shown.peek()))}
        {entry(wantsText ? texts.formatted : texts.plainText, () => onWantText(!wantsText))}
        {entry(texts.showSource, () => show('source'))}
      </div>
      {shown === 'source' && (
        <Later
          load={() => import('./source.tsx')}
          name="Source"
          props={{ email: full, onClose: () => show(undefined) }}
        />
      )}
    </>
  );
}
