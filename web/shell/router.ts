/**
 * The place where one is, as a signal that follows the browser's address. "Back" in the page is the browser's own whenever
 * the place before is one of ours, so both lead where one came from; else it leads a level up.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import { above, addressOf, type Place, placeOf } from './places.ts';

/** What a router needs of a window. */
export interface Browser {
  readonly location: Pick<Location, 'pathname' | 'search'>;
  readonly history: Pick<History, 'pushState' | 'replaceState' | 'back' | 'state'>;
  addEventListener(type: 'popstate', listener: () => void): void;
}

interface Entry {
  /** How many places of ours are behind this one. */
  readonly depth: number;
}

export class Router {
  readonly #browser: Browser;
  readonly #place: ReturnType<typeof signal<Place>>;

  constructor(browser: Browser) {
    this.#browser = browser;
    this.#place = signal(placeOf(browser.location));
    browser.addEventListener('popstate', () => this.#follow());
  }

  get place(): ReadonlySignal<Place> {
    return this.#place as ReadonlySignal<Place>;
  }

  go(place: Place): void {
    this.#enter(place, false);
  }

  /** The place before is forgotten: "back" does not lead to it. */
  replace(place: Place): void {
    this.#enter(place, true);
  }

  back(): void {
    if (this.#depth > 0) this.#browser.history.back();
    else this.replace(above(this.place.peek()));
  }

  get #depth(): number {
    return (this.#browser.history.state as Entry | null)?.depth ?? 0;
  }

  #enter(place: Place, replaces: boolean): void {
    const address = addressOf(place);
    const { history, location } = this.#browser;
    const isHere = address === `${location.pathname}${location.search}`;
    if (replaces || isHere) history.replaceState({ depth: this.#depth }, '', address);
    else history.pushState({ depth: this.#depth + 1 }, '', address);
    this.#follow();
  }

  #follow(): void {
    this.#place.value = placeOf(this.#browser.location);
  }
}
