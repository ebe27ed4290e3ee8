import { h } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog.js';
import { count } from './format.js';
import { ImageGrid } from './image-grid.js';
import { Listing, useImages } from './image-list.js';

/**
 * A dialog to choose stored images.
 *
 * @param {{title: string, action: string, single?: boolean, onPick: (images: import('./image-grid.js').Image[]) => void,
 *     onClose: () => void}} props
 */
export function ImagePicker({ title, action, single = false, onPick, onClose }) {
  const [text, setText] = useState('');
  const images = useImages('api/images', { status: 'completed', q: text });
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  const chosen = images.images.filter((image) => selected.has(image.id));
  return h(Dialog, { title, onClose, wide: true },
    h('label', { class: 'field' }, h('span', { class: 'visually-hidden' }, 'Search'),
      h('input', { type: 'search', placeholder: 'Search your pictures', value: text, onInput: (event) => setText(event.currentTarget.value) })),
    h('div', { class: 'picker-list' },
      h(Listing, { images, empty: h('p', { class: 'muted' }, text ? 'No matches' : 'No picture here yet.') },
        h(ImageGrid, { images: images.images, label: 'Pictures', selected, onSelect: setSelected, single, waiting: images.waiting }))),
    h('div', { class: 'actions' },
      h('span', { class: 'muted', role: 'status' }, single ? '' : `${count(chosen.length, 'picture')} chosen`),
      h('button', { class: 'button', onClick: onClose }, 'Cancel'),
      h('button', { class: 'button button-primary', disabled: chosen.length === 0, onClick: () => onPick(chosen) }, action)));
}
