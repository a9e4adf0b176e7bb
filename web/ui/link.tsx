/** A link to a place of the page: an address that can be opened in a tab of its own, and no new page for who just follows it. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../shell/app.ts';
import { addressOf, type Place } from '../shell/places.ts';

interface LinkProps {
  readonly place: Place;
  readonly class?: string;
  readonly isCurrent?: boolean;
  readonly label?: string;
  readonly style?: Readonly<Record<string, string>>;
  readonly children: ComponentChildren;
}

export function Link({ place, class: className, isCurrent = false, label, style, children }: LinkProps) {
  const { router } = useApp();
  return (
    <a
      href={addressOf(place)}
      class={className}
      style={style}
      aria-label={label}
      aria-current={isCurrent ? 'page' : undefined}
      onClick={(event) => {
        if (isForTheBrowser(event)) return;
        event.preventDefault();
        router.go(place);
      }}
    >
      {children}
    </a>
  );
}

/** A new tab, a new window, a download. */
export function isForTheBrowser(event: MouseEvent): boolean {
  return event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}
