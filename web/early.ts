/**
 * Runs before anything is drawn, so that nobody sees light turn into dark: puts the person's choice of light or dark where the
 * styles look for it. What is kept here is no secret; everything else waits for the session.
 */
const chosen = ((): string | null => {
  try {
    return localStorage.getItem('scheme');
  } catch {
    return null;
  }
})();
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.scheme = chosen;
