/**
 * Runs before anything is drawn, by itself: puts the person's choice of light or dark where the styles look for it, so that nobody sees light
 * turn into dark; asks for the texts of the language that the browser prefers; and begins again when a part of the page did not come,
 * as when the server is started anew at that moment. What is kept here is no secret; everything else waits for the session.
 */
const AGAIN_MS = 3000;
/** Then it is no server that starts. */
const MOST = 20;

const { dataset } = document.documentElement;
const kept = (name: string, value?: string): string | null => {
  try {
    if (value !== undefined) sessionStorage.setItem(name, value);
    return value ?? sessionStorage.getItem(name) ?? localStorage.getItem(name);
  } catch {
    return null;
  }
};

const chosen = kept('scheme');
if (chosen === 'light' || chosen === 'dark') dataset.scheme = chosen;

const preferred = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]);
const language = preferred.find((one) => one === 'en' || one === 'sv') ?? 'en';
const texts = document.createElement('link');
texts.rel = 'modulepreload';
texts.href = dataset[language] ?? '';
document.head.append(texts);

const again = (): void => {
  const times = Number(kept('again'));
  const place = document.getElementById('app');
  if (place === null || place.childElementCount > 0) return;
  document.documentElement.lang = language;
  place.textContent = language === 'sv' ? 'Ett ögonblick…' : 'One moment…';
  if (times >= MOST) return;
  kept('again', String(times + 1));
  setTimeout(() => location.reload(), AGAIN_MS);
};
addEventListener('error', ({ target }) => target instanceof HTMLScriptElement && again(), true);
addEventListener('again', again);
