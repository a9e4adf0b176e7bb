/** The page of the second step, as a person goes through it, in either language. */
import type { Page } from 'playwright-core';
import { AuthenticatorApp } from './device.ts';
import { PASSWORD } from './house.ts';

/** With the password once more; the dialog with the picture is open afterwards. */
export async function beginApp(page: Page): Promise<AuthenticatorApp> {
  await page.getByRole('button', { name: /: (?:Authenticator app|Autentiseringsapp)$/ }).click();
  await prove(page);
  const key = (await page.locator('.secret-key').textContent()) ?? '';
  return new AuthenticatorApp(key.replaceAll(' ', ''));
}

/** The recovery codes are open afterwards. */
export async function addApp(page: Page): Promise<{ app: AuthenticatorApp; codes: readonly string[] }> {
  const app = await beginApp(page);
  await page.locator('dialog input[name=code]').fill(app.next());
  await page.locator('dialog [type=submit]').click();
  await page.waitForSelector('.recovery-codes');
  return { app, codes: await page.locator('.recovery-codes li').allTextContents() };
}

export async function prove(page: Page): Promise<void> {
  await page.locator('dialog input[type=password]').fill(PASSWORD);
  await page.locator('dialog [type=submit]').click();
}

/** The recovery codes are open afterwards. */
export async function addPasskey(page: Page, name: string): Promise<readonly string[]> {
  await page.getByRole('button', { name: /^(?:Add a passkey|Lägg till en lösennyckel)/ }).click();
  await page.locator('dialog input[name=name]').fill(name);
  await prove(page);
  await page.waitForSelector('.recovery-codes');
  return page.locator('.recovery-codes li').allTextContents();
}
