/** Where the person is signed in, and the app passwords of mail programs; each can be ended alone. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Credential, Devices } from '../shell/account.ts';
import { useApp, useDesk } from '../shell/app.ts';
import type { SecurityTexts } from '../text/en/security.ts';
import { Icon } from '../ui/icon.tsx';
import { type Qr, QrCode } from './qr-code.tsx';
import { useSecurityTexts } from './security-texts.ts';

export function DevicesPage() {
  const { account, notices } = useApp();
  const { devices: texts } = useSecurityTexts();
  const known = useSignal<Devices | undefined>(undefined);
  const look = async (): Promise<void> => {
    known.value = (await account.devices()) ?? known.peek();
  };
  useEffect(() => void look(), []);
  const end = async (path: '/web/devices/end' | '/web/app-passwords/revoke', id: number): Promise<void> => {
    const { status } = await account.change(path, { id });
    if (status !== 204 && status !== 404) notices.show({ text: texts.failed, isWrong: true });
    await look();
  };
  if (known.value === undefined) return null;
  const { devices, appPasswords } = known.value;
  return (
    <>
      <section class="settings-group">
        <h2>{texts.signedIn}</h2>
        <ul>
          {devices.map((one) => (
            <li key={one.id} class="setting">
              <About credential={{ ...one, name: deviceName(one.name, texts) }} isThis={one.isThis} />
              {one.isThis ? null : (
                <EndButton
                  label={texts.signOutDevice(deviceName(one.name, texts))}
                  onClick={() => void end('/web/devices/end', one.id)}
                />
              )}
            </li>
          ))}
        </ul>
      </section>
      <section class="settings-group">
        <h2>{texts.appPasswords}</h2>
        <p class="hint">{texts.appPasswordsMeans}</p>
        <ul>
          {appPasswords.map((one) => (
            <li key={one.id} class="setting">
              <About credential={one} />
              <EndButton
                label={texts.revoke(one.name)}
                onClick={() => void end('/web/app-passwords/revoke', one.id)}
              />
            </li>
          ))}
        </ul>
        <NewAppPassword onMade={() => void look()} />
      </section>
    </>
  );
}

/** `Firefox on Linux`, as the server guessed it, in the person's language. */
function deviceName(name: string, texts: SecurityTexts['devices']): string {
  const [, browser = name, system] = /^(.+) on (.+)$/.exec(name) ?? [];
  const known = browser === 'Browser' ? texts.browser : browser;
  return system === undefined ? known : texts.deviceOn(known, system);
}

function About({
  credential,
  isThis = false,
}: {
  readonly credential: Credential;
  readonly isThis?: boolean;
}) {
  const { formats } = useApp();
  const { devices: texts } = useSecurityTexts();
  const { name, createdMs, lastUse } = credential;
  const used =
    lastUse === undefined ? texts.neverUsed : texts.lastUsed(formats.value.day(lastUse.atMs), lastUse.remote);
  return (
    <span>
      <span dir="auto">{name}</span>
      <small>
        {isThis ? texts.thisDevice : used}. {texts.since(formats.value.day(createdMs))}.
      </small>
    </span>
  );
}

function EndButton({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={onClick}>
      <Icon name="close" />
    </button>
  );
}

type Made = { readonly password: string } | { readonly qr: Qr };

const PATHS = {
  password: '/web/app-passwords',
  profile: '/web/app-passwords/profile',
  code: '/web/app-passwords/code',
} as const;

/** Typed into a mail program, or in a file or a code that sets up a phone: each is given once. */
function NewAppPassword({ onMade }: { readonly onMade: () => void }) {
  const { account } = useApp();
  const desk = useDesk();
  const { devices: texts } = useSecurityTexts();
  const made = useSignal<Made | undefined>(undefined);
  const fault = useSignal<string | undefined>(undefined);
  if (made.value !== undefined)
    return <ShownOnce made={made.value} onDone={() => (made.value = undefined)} />;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim();
    if (name === '') return;
    const as = ((event.submitter as HTMLButtonElement | null)?.value || 'password') as keyof typeof PATHS;
    const [identity] = as === 'code' ? await desk.identities() : [];
    const body = as === 'code' ? { name, person: identity?.name ?? '' } : { name };
    const { status, value } = await account.change(PATHS[as], body);
    fault.value =
      status === 200
        ? undefined
        : status === 409
          ? texts.exists
          : status === 422
            ? texts.noPorts
            : texts.failed;
    if (status !== 200) return;
    if (as === 'profile') saveProfile((value as { readonly profile: string }).profile);
    else made.value = value as Made;
    onMade();
  };
  return (
    <form class="settings-form" onSubmit={submit}>
      <label class="field">
        <span>{texts.appPasswordName}</span>
        <input class="input" name="name" maxLength={100} required aria-invalid={fault.value !== undefined} />
      </label>
      {fault.value ? (
        <p class="notice wrong" role="alert">
          {fault.value}
        </p>
      ) : null}
      <button type="submit" class="button">
        {texts.newAppPassword}
      </button>
      <button type="submit" class="button" name="as" value="code">
        {texts.deviceCode}
      </button>
      <button type="submit" class="button" name="as" value="profile">
        {texts.deviceProfile}
      </button>
      <p class="hint">{texts.deviceProfileMeans}</p>
    </form>
  );
}

function ShownOnce({ made, onDone }: { readonly made: Made; readonly onDone: () => void }) {
  const { devices: texts } = useSecurityTexts();
  const isCopied = useSignal(false);
  const copy = ({ password }: { readonly password: string }): void =>
    void navigator.clipboard?.writeText(password).then(() => {
      isCopied.value = true;
    });
  return (
    <div class="settings-form">
      {'qr' in made ? <QrCode qr={made.qr} name={texts.codeName} /> : <p class="secret">{made.password}</p>}
      <p class="hint">{'qr' in made ? texts.scanOnce : texts.shownOnce}</p>
      <div class="settings-buttons">
        {'qr' in made ? null : (
          <button type="button" class="button" onClick={() => copy(made)}>
            {isCopied.value ? texts.copied : texts.copy}
          </button>
        )}
        <button type="button" class="button primary" onClick={onDone}>
          {texts.done}
        </button>
      </div>
    </div>
  );
}

/** As a file, which is all that a browser may do with it; the device asks what to do when it is opened. */
function saveProfile(base64: string): void {
  const octets = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([octets], { type: 'application/x-apple-aspen-config' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'mail.mobileconfig';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
