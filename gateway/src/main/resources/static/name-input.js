import { h } from 'preact';
import { useState } from 'preact/hooks';

/**
 * A name in a list that can be edited. What is typed stays when the list is drawn anew meanwhile, and is told when it is
 * left or Enter is pressed.
 *
 * @param {{label: string, value: string, placeholder: string, disabled?: boolean, maxLength: number, onRename: (name: string) => void}} props
 */
export function NameInput({ label, value, placeholder, disabled = false, maxLength, onRename }) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // Not in an effect: the first would come after the first letters, and take them back.
    setKnown(value);
    setText(value);
  }
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
