import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/**
 * A name in a list that can be edited. What is typed stays when the list is drawn anew meanwhile, and is told when it is
 * left or Enter is pressed.
 *
 * @param {{label: string, value: string, placeholder: string, disabled?: boolean, maxLength: number, onRename: (name: string) => void}} props
 */
export function NameInput({ label, value, placeholder, disabled = false, maxLength, onRename }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return h('input', {
    class: 'entry-name',
    'aria-label': label,
    value: text,
    placeholder,
    disabled,
    maxLength,
    onInput: (event) => setText(event.currentTarget.value),
    onChange: (event) => onRename(event.currentTarget.value),
  });
}
