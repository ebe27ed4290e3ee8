import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { fromSignIn, session, signIn } from '../session.js';
import { useStore } from '../store.js';
import { parseApiError } from '../toast.js';

const ROLES = [
  ['user', 'User', 'own images'],
  ['admin', 'Admin', 'images of the projects below, limits, cache'],
  ['super-admin', 'Super admin', 'everything'],
];

/** Development: anybody as anybody. In production the issuer of tokens has its own page. */
export default function SignIn() {
  const who = useStore(session);
  const [user, setUser] = useState('alice');
  const [roles, setRoles] = useState(['user']);
  const [projects, setProjects] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {string | null} */ (null));

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn({ user: user.trim(), roles, projects: projects.split(/[\s,]+/).filter(Boolean) });
    } catch (failed) {
      setError(parseApiError(failed).detail);
    } finally {
      setBusy(false);
    }
  };

  const isBack = who.known && !who.developmentLogin && who.user !== null;
  useEffect(() => {
    if (isBack) {
      fromSignIn();
    }
  }, [isBack]);
  if (isBack) {
    return null;
  }
  if (who.known && !who.developmentLogin) {
    return h('section', { class: 'narrow card' },
      h('h1', null, 'Sign in'),
      h('p', null, 'This gateway takes the sessions of your organisation. Sign in there, then load this page again.'),
      h('button', { class: 'button button-primary', onClick: () => location.reload() }, 'Load again'));
  }
  return h('section', { class: 'narrow card' },
    h('h1', null, 'Sign in'),
    h('p', { class: 'muted' }, 'This is a development gateway: be whoever you like.'),
    h('form', { class: 'form', onSubmit: submit },
      h('label', { class: 'field' }, h('span', null, 'Name'),
        h('input', { value: user, required: true, maxLength: 64, autoComplete: 'username', onInput: (event) => setUser(event.currentTarget.value) })),
      h('fieldset', { class: 'field' }, h('legend', null, 'Roles'),
        ROLES.map(([role, label, what]) => h('label', { key: role, class: 'check' },
          h('input', {
            type: 'checkbox',
            name: role,
            checked: roles.includes(role),
            onChange: (event) => setRoles(event.currentTarget.checked ? [...roles, role] : roles.filter((one) => one !== role)),
          }),
          h('span', null, label, ' ', h('span', { class: 'muted' }, what))))),
      h('label', { class: 'field' }, h('span', null, 'Projects ', h('span', { class: 'muted' }, 'with commas between them')),
        h('input', { value: projects, placeholder: 'p1, p2', onInput: (event) => setProjects(event.currentTarget.value) })),
      error && h('p', { class: 'notice notice-error', role: 'alert' }, error),
      h('button', { class: 'button button-primary', disabled: busy, 'aria-busy': busy }, busy ? 'Signing in…' : 'Sign in')));
}
