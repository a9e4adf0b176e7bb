/** Settings: one column of sentences, each with a switch or a value and what follows from it. */
import type { ComponentChildren } from 'preact';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { DENSITIES, SCHEMES } from '../shell/device.ts';
import { Later } from '../shell/later.tsx';
import { DEEDS } from '../shell/preferences.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { ChoiceSetting, SwitchSetting } from './controls.tsx';
import { MailboxesPage } from './mailboxes.tsx';
import { PushSetting } from './push.tsx';

/** For which a mail that was sent can be taken back; what is chosen elsewhere stands between them. */
const UNDO_SECONDS = [0, 5, 10, 20, 30];

interface SettingsProps {
  readonly page: string | undefined;
  /** What stands behind the page in the address. */
  readonly parameters: string;
}

export function Settings({ page, parameters }: SettingsProps) {
  const { settings: texts, rules, vacation } = useTexts();
  switch (page) {
    case 'devices':
      return (
        <Page
          title={texts.devices}
          content={<Later load={() => import('../security/devices.tsx')} name="DevicesPage" props={{}} />}
        />
      );
    case 'identities':
      return (
        <Page
          key="identities"
          title={texts.identities}
          content={<Later load={() => import('./identities.tsx')} name="IdentitiesPage" props={{}} />}
        />
      );
    case 'mailboxes':
      return <Page title={texts.mailboxes} content={<MailboxesPage />} />;
    case 'password':
      return (
        <Page
          title={texts.password}
          content={<Later load={() => import('../security/password.tsx')} name="PasswordPage" props={{}} />}
        />
      );
    case 'security':
      return (
        <Page
          key="security"
          title={texts.security}
          content={
            <Later load={() => import('../security/security-page.tsx')} name="SecurityPage" props={{}} />
          }
        />
      );
    case 'rules':
      return (
        <Page
          key="rules"
          title={rules.title}
          content={
            <Later load={() => import('../rules/rules-page.tsx')} name="RulesPage" props={{ parameters }} />
          }
        />
      );
    case 'away':
      return (
        <Page
          key="away"
          title={vacation.title}
          content={<Later load={() => import('../rules/vacation-page.tsx')} name="VacationPage" props={{}} />}
        />
      );
    case 'space':
      return (
        <Page
          key="space"
          title={texts.space}
          content={<Later load={() => import('../space/space-page.tsx')} name="SpacePage" props={{}} />}
        />
      );
    case 'deleted':
      return (
        <Page
          key="deleted"
          title={texts.deleted}
          content={<Later load={() => import('../space/deleted-page.tsx')} name="DeletedPage" props={{}} />}
        />
      );
    default:
      return <Page title={texts.title} content={<Overview />} isTop />;
  }
}

interface PageProps {
  readonly title: string;
  readonly content: ComponentChildren;
  readonly isTop?: boolean;
}

function Page({ title, content, isTop = false }: PageProps) {
  const { router, device } = useApp();
  const { shell } = useTexts();
  const hasBack = !isTop || device.width.value !== 'computer';
  return (
    <section class="settings" aria-labelledby="settings-name">
      <div class="settings-column">
        <header class="settings-head">
          {hasBack ? (
            <button type="button" class="icon-button" aria-label={shell.back} onClick={() => router.back()}>
              <Icon name="back" />
            </button>
          ) : null}
          <h1 id="settings-name">{title}</h1>
        </header>
        {content}
      </div>
    </section>
  );
}

function Overview() {
  return (
    <>
      <Look />
      <Reading />
      <Writing />
      <Hands />
      <OwnAccount />
    </>
  );
}

function Look() {
  const { device, preferences } = useApp();
  const { settings: texts } = useTexts();
  return (
    <section class="settings-group">
      <h2>{texts.look}</h2>
      <ChoiceSetting
        name={texts.scheme}
        value={device.scheme.value}
        choices={SCHEMES.map((one) => [one, texts.schemes[one]])}
        onChange={(one) => device.setScheme(one)}
      />
      <ChoiceSetting
        name={texts.density}
        means={texts.densityMeans}
        value={device.density.value}
        choices={DENSITIES.map((one) => [one, texts.densities[one]])}
        onChange={(one) => device.setDensity(one)}
      />
      <ChoiceSetting
        name={texts.language}
        value={preferences.choices.value.language ?? 'system'}
        choices={(['system', 'en', 'sv'] as const).map((one) => [one, texts.languages[one]])}
        onChange={useChoose((one: 'system' | 'en' | 'sv') => ({
          language: one === 'system' ? undefined : one,
        }))}
      />
    </section>
  );
}

function Reading() {
  const { preferences } = useApp();
  const { settings: texts } = useTexts();
  const { conversations, plainFont } = preferences.choices.value;
  return (
    <section class="settings-group">
      <h2>{texts.reading}</h2>
      <SwitchSetting
        name={texts.conversations}
        means={texts.conversationsMeans}
        isOn={conversations}
        onChange={useChoose((isOn: boolean) => ({ conversations: isOn }))}
      />
      <PushSetting />
      <ChoiceSetting
        name={texts.plainFont}
        value={plainFont}
        choices={(['sans', 'serif', 'mono'] as const).map((one) => [one, texts.fonts[one]])}
        onChange={useChoose((one: typeof plainFont) => ({ plainFont: one }))}
      />
    </section>
  );
}

function Writing() {
  const { preferences } = useApp();
  const { settings: texts } = useTexts();
  const { undoSeconds } = preferences.choices.value;
  const seconds = [...new Set([...UNDO_SECONDS, undoSeconds])].sort((a, b) => a - b);
  return (
    <section class="settings-group">
      <h2>{texts.writing}</h2>
      <PageLink name="identities" title={texts.identities} means={texts.identitiesMeans} />
      <ChoiceSetting
        name={texts.undoSend}
        means={texts.undoSendMeans}
        value={String(undoSeconds)}
        choices={seconds.map((one) => [String(one), texts.undoSeconds(one)])}
        onChange={useChoose((one: string) => ({ undoSeconds: Number(one) }))}
      />
    </section>
  );
}

interface PageLinkProps {
  readonly name: string;
  readonly title: string;
  readonly means: string;
}

function PageLink({ name, title, means }: PageLinkProps) {
  return (
    <Link place={{ at: 'settings', page: name }} class="setting">
      <span>
        {title}
        <small>{means}</small>
      </span>
      <Icon name="forward" />
    </Link>
  );
}

function Hands() {
  const { preferences } = useApp();
  const { settings: texts } = useTexts();
  const { keys, swipeRight, swipeLeft } = preferences.choices.value;
  const swipes = DEEDS.map((one) => [one, texts.swipes[one]] as const);
  return (
    <section class="settings-group">
      <h2>{texts.hands}</h2>
      <SwitchSetting
        name={texts.keys}
        means={texts.keysMeans}
        isOn={keys}
        onChange={useChoose((isOn: boolean) => ({ keys: isOn }))}
      />
      <ChoiceSetting
        name={texts.swipeRight}
        value={swipeRight}
        choices={swipes}
        onChange={useChoose((one: typeof swipeRight) => ({ swipeRight: one }))}
      />
      <ChoiceSetting
        name={texts.swipeLeft}
        value={swipeLeft}
        choices={swipes}
        onChange={useChoose((one: typeof swipeLeft) => ({ swipeLeft: one }))}
      />
    </section>
  );
}

function OwnAccount() {
  const { account } = useApp();
  const { settings: texts, rules, vacation } = useTexts();
  const signOut = useSignOut();
  const now = account.now.value;
  const address = now.state === 'in' ? now.session.address : '';
  const page = (name: string, title: string, means: string) => <PageLink {...{ name, title, means }} />;
  return (
    <section class="settings-group">
      <h2>{texts.account}</h2>
      {page('mailboxes', texts.mailboxes, texts.mailboxesMeans)}
      {page('space', texts.space, texts.spaceMeans)}
      {page('deleted', texts.deleted, texts.deletedMeans)}
      {page('rules', rules.title, rules.means)}
      {page('away', vacation.title, vacation.means)}
      {page('devices', texts.devices, texts.devicesMeans)}
      {page('security', texts.security, texts.securityMeans)}
      {page('password', texts.password, texts.passwordMeans)}
      <button type="button" class="setting" onClick={signOut}>
        <span>
          {texts.signOut}
          <small dir="auto">{texts.signedInAs(address)}</small>
        </span>
        <Icon name="signOut" />
      </button>
    </section>
  );
}

/** A choice counts at once; a word when it could not be kept. */
function useChoose<T>(
  change: (value: T) => Parameters<ReturnType<typeof useApp>['preferences']['choose']>[0],
) {
  const { preferences, notices } = useApp();
  const { settings: texts } = useTexts();
  return (value: T): void => {
    void preferences.choose(change(value)).then((isKept) => {
      if (!isKept) notices.show({ text: texts.notSaved, isWrong: true });
    });
  };
}

/** What is not at the server yet would be lost: that is asked about. Without a network nobody can be signed out. */
function useSignOut(): () => void {
  const { account, notices, carried } = useApp();
  const desk = useDesk();
  const { settings: texts } = useTexts();
  const run = async (): Promise<void> => {
    if (!(await account.signOut())) notices.show({ text: texts.signOutOffline, isWrong: true });
    else carried.clear();
  };
  return () => {
    const count = desk.sync.actions.waiting.peek() + (desk.outgoing.outbox.peek()?.mails.peek().length ?? 0);
    if (count === 0) void run();
    else
      desk.ask({
        ...{ kind: 'confirm', title: texts.signOutTitle, text: texts.signOutMeans(count) },
        ...{ button: texts.signOut, run: () => void run() },
      });
  };
}
