/**
 * This browser: how much room there is, what covers it, and what its person chose for it alone (light or dark, how dense). These
 * choices are no secret and stay in the browser's storage.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export type Width = 'phone' | 'tablet' | 'computer';
export const SCHEMES = ['system', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];
export const DENSITIES = ['comfortable', 'compact'] as const;
export type Density = (typeof DENSITIES)[number];

/** Height of a row in a list, CSS pixels; `list.css` has the same. */
const ROW_HEIGHTS = { touch: 76, comfortable: 60, compact: 40 };

export interface Window {
  matchMedia(query: string): Pick<MediaQueryList, 'matches'> & {
    addEventListener(type: 'change', listener: () => void): void;
  };
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  readonly root: { readonly dataset: DOMStringMap };
}

export class Device {
  readonly #window: Window;
  readonly #width = signal<Width>('phone');
  readonly #scheme = signal<Scheme>('system');
  readonly #density = signal<Density>('comfortable');

  constructor(window: Window) {
    this.#window = window;
    const computer = window.matchMedia('(min-width: 1024px)');
    const tablet = window.matchMedia('(min-width: 768px)');
    const measure = (): void => {
      this.#width.value = computer.matches ? 'computer' : tablet.matches ? 'tablet' : 'phone';
    };
    for (const query of [computer, tablet]) query.addEventListener('change', measure);
    measure();
    this.#scheme.value = SCHEMES.find((one) => one === this.#kept('scheme')) ?? 'system';
    this.#density.value = DENSITIES.find((one) => one === this.#kept('density')) ?? 'comfortable';
  }

  get width(): ReadonlySignal<Width> {
    return this.#width;
  }

  get scheme(): ReadonlySignal<Scheme> {
    return this.#scheme;
  }

  get density(): ReadonlySignal<Density> {
    return this.#density;
  }

  get rowHeight(): number {
    return this.#width.value === 'phone' ? ROW_HEIGHTS.touch : ROW_HEIGHTS[this.#density.value];
  }

  setScheme(scheme: Scheme): void {
    this.#scheme.value = scheme;
    if (scheme === 'system') delete this.#window.root.dataset.scheme;
    else this.#window.root.dataset.scheme = scheme;
    this.#keep('scheme', scheme === 'system' ? undefined : scheme);
  }

  setDensity(density: Density): void {
    this.#density.value = density;
    this.#keep('density', density);
  }

  #kept(name: string): string | null {
    return this.#window.storage?.getItem(name) ?? null;
  }

  /** Where a browser keeps nothing, the choice lasts as long as the page. */
  #keep(name: string, value: string | undefined): void {
    try {
      if (value === undefined) this.#window.storage?.removeItem(name);
      else this.#window.storage?.setItem(name, value);
    } catch {
      // Full, or forbidden.
    }
  }
}

export function browserWindow(): Window {
  return {
    matchMedia: (query) => window.matchMedia(query),
    storage: browserStorage(),
    root: document.documentElement,
  };
}

/** Undefined where the browser forbids it. */
export function browserStorage(
  name: 'localStorage' | 'sessionStorage' = 'localStorage',
): Storage | undefined {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}
