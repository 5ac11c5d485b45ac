/** One line of `morrow doctor`. */
export interface Finding {
  readonly name: string;
  /** `bad`: something will not work; `note`: worth knowing. */
  readonly state: 'ok' | 'note' | 'bad';
  readonly text: string;
  /** What to do about it; empty: nothing. */
  readonly todo: string;
}

export const ok = (name: string, text: string): Finding => ({ name, state: 'ok', text, todo: '' });
export const note = (name: string, text: string, todo = ''): Finding => ({ name, state: 'note', text, todo });
export const bad = (name: string, text: string, todo: string): Finding => ({
  name,
  state: 'bad',
  text,
  todo,
});
