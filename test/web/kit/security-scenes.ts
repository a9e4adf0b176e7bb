/** How one comes in, for pictures of it. */
import { ANN, type House, PASSWORD, type Visit } from './house.ts';
import { addApp, addPasskey, beginApp } from './security-page.ts';
import { virtualKey } from './virtual-key.ts';

export interface SecurityScene {
  readonly name: string;
  readonly at: string;
  readonly isSignedIn: boolean;
  /** By a name: a passkey is for one. */
  readonly origin: string;
  readonly play: (visit: Visit) => Promise<unknown>;
}

export function securityScenes(house: House): readonly SecurityScene[] {
  const origin = `http://localhost:${house.server.port('http')}`;
  const scene = (name: string, play: SecurityScene['play']): SecurityScene => ({
    ...{ name, at: '/', isSignedIn: false, origin },
    play: async (visit) => {
      await house.server.cli(['account', 'second-step', ANN, '--reset']);
      await visit.context.request.post(`${origin}/web/sign-in`, {
        headers: { 'sec-fetch-site': 'same-origin' },
        data: { address: ANN, password: PASSWORD, isOwnDevice: false },
      });
      await visit.page.goto(`${origin}/settings/security`);
      await visit.page.waitForSelector('.settings-group');
      await play(visit);
    },
  });
  const atTheDoor = async ({ page, context }: Visit): Promise<void> => {
    await addApp(page);
    await context.clearCookies();
    await page.goto(origin);
    await page.locator('input[name=username]').fill(ANN);
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('[type=submit]').click();
    await page.waitForSelector('.code-input');
  };
  return [
    scene('security-off', async () => {}),
    scene('security-prove', ({ page }) =>
      page.getByRole('button', { name: /: (?:Authenticator app|Autentiseringsapp)$/ }).click(),
    ),
    scene('security-app', ({ page }) => beginApp(page)),
    scene('security-codes', ({ page }) => addApp(page)),
    scene('security-on', async ({ page }) => {
      await addApp(page);
      await page.locator('dialog .button.primary').click();
    }),
    scene('security-passkeys', async ({ page }) => {
      await virtualKey(page);
      await addPasskey(page, 'Telefonen i köket');
      await page.locator('dialog .button.primary').click();
    }),
    scene('second-step-passkey', async ({ page, context }) => {
      await virtualKey(page);
      await addPasskey(page, 'Phone');
      await context.clearCookies();
      await page.goto(origin);
      await page.locator('input[name=username]').fill(ANN);
      await page.locator('input[name=password]').fill(PASSWORD);
      await page.locator('[type=submit]').click();
      await page.waitForSelector('.code-input');
    }),
    scene('second-step', atTheDoor),
    scene('second-step-wrong', async (visit) => {
      await atTheDoor(visit);
      await visit.page.locator('.code-input').fill('000000');
      await visit.page.locator('[type=submit]').click();
      await visit.page.waitForSelector('.notice.wrong');
    }),
    scene('second-step-recovery', async (visit) => {
      await atTheDoor(visit);
      await visit.page.locator('.button.quiet').first().click();
    }),
  ];
}
