/** What axe-core finds serious in the main part of a page as it is now, in a form that a failing test can print. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SCRIPT = readFileSync(join(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js'), 'utf8');

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(SCRIPT);
  const { violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: { run(place: string, options: object): Promise<Found> } };
    return axe.run('main', { iframes: false });
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
