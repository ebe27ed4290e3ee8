// Before anything is painted, so that nobody who chose one theme sees the other flash by.
(function () {
  'use strict';
  try {
    const chosen = localStorage.getItem('sluice.theme');
    if (chosen === 'light' || chosen === 'dark') {
      document.documentElement.dataset.theme = chosen;
    }
  } catch {
    // No storage here: the system's theme it is.
  }
})();
