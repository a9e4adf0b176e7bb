/** Draws an icon of `icons.ts`. It says nothing to a screen reader: the word beside it, or the name of its button, does. */
import { ICONS, type IconName } from './icons.ts';

export function Icon({ name, filled = false }: { readonly name: IconName; readonly filled?: boolean }) {
  return (
    <svg class={filled ? 'icon filled' : 'icon'} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={ICONS[name]} />
    </svg>
  );
}
