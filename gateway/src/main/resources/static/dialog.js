import { h } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { icon } from './icons.js';
import { createStore, useStore } from './store.js';
import { Toasts, layers } from './toast.js';

/**
 * A modal dialog: the browser keeps the focus in it, closes it with Escape and gives the focus back.
 *
 * @param {{title: string, onClose: () => void, wide?: boolean, children?: any}} props
 */
export function Dialog({ title, onClose, wide = false, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const titleId = useId();
  useEffect(() => {
    const opener = document.activeElement;
    box.current?.showModal();
    layers.value = [...layers.value, titleId];
    return () => {
      layers.value = layers.value.filter((layer) => layer !== titleId);
      box.current?.close(); // nothing outside of an open one can have the focus
      if (opener instanceof HTMLElement && opener.isConnected) {
        opener.focus();
      }
    };
  }, []);
  return h('dialog', {
    ref: box,
    class: wide ? 'dialog dialog-wide' : 'dialog',
    'aria-labelledby': titleId,
    onCancel: (event) => {
      event.preventDefault();
      onClose();
    },
    onClick: (event) => event.target === box.current && onClose(),
  }, h('div', { class: 'dialog-box' },
    h('header', { class: 'dialog-head' },
      h('h2', { id: titleId }, title),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onClick: onClose }, icon('close'))),
    h('div', { class: 'dialog-body' }, children)),
  h(Toasts, { layer: titleId }));
}

const question = createStore(/** @type {null | {title: string, text: string, action: string, answer: (yes: boolean) => void}} */ (null));

/**
 * Asks before something that cannot be undone.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} action what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      action,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

/** Where such a question appears; there is one on the page. */
export function Question() {
  const asked = useStore(question);
  return asked && h(Dialog, { title: asked.title, onClose: () => asked.answer(false) },
    h('p', null, asked.text),
    h('div', { class: 'actions' },
      h('button', { class: 'button', onClick: () => asked.answer(false) }, 'Cancel'),
      h('button', { class: 'button button-danger', onClick: () => asked.answer(true) }, asked.action)));
}

/**
 * A button that copies a text and says so.
 *
 * @param {{text: string, label: string}} props
 */
export function CopyButton({ text, label }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), 2_000) : 0;
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false); // not over plain HTTP: the text can be selected
    }
  };
  return h('button', { type: 'button', class: 'button', onClick: copy },
    icon(copied ? 'check' : 'copy'), h('span', { 'aria-live': 'polite' }, copied ? 'Copied' : label));
}
