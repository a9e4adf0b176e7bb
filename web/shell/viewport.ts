/**
 * How much of the page the keyboard of a phone covers, as `--keyboard` for the styles. Android shrinks the page (`interactive-widget`
 * in `index.html`); on iOS only the visual viewport becomes smaller, which no unit of CSS sees.
 */
interface Viewed {
  readonly innerHeight: number;
  readonly visualViewport: Pick<VisualViewport, 'height' | 'offsetTop' | 'scale' | 'addEventListener'> | null;
  readonly document: {
    readonly documentElement: { readonly style: Pick<CSSStyleDeclaration, 'setProperty'> };
  };
}

export function followKeyboard(window: Viewed): void {
  const { visualViewport: viewport, document } = window;
  if (viewport === null) return;
  const measure = (): void => {
    document.documentElement.style.setProperty('--keyboard', `${coveredBy(window)}px`);
  };
  viewport.addEventListener('resize', measure);
  viewport.addEventListener('scroll', measure);
}

/** CSS pixels at the bottom. Who has zoomed in sees a part, and nothing is covered. */
export function coveredBy({
  innerHeight,
  visualViewport: viewport,
}: Pick<Viewed, 'innerHeight' | 'visualViewport'>): number {
  if (viewport === null || viewport.scale > 1.01) return 0;
  return Math.max(0, Math.round(innerHeight - viewport.height - viewport.offsetTop));
}
