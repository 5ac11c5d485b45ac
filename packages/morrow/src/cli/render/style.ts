/** Colours and signs of the output: nothing here looks at the terminal, callers say what it can do. */

export type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const plain: Paint = (text) => text;

/** A style that changes nothing. */
export const NO_STYLE: Style = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  cyan: plain,
};

const sgr =
  (open: number, close: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

const COLOURS: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** The style of a terminal with colours, or of one without. */
export const styleOf = (colour: boolean): Style => (colour ? COLOURS : NO_STYLE);

/** Signs, for terminals that show UTF-8 and for those that do not. */
export interface Signs {
  readonly full: string;
  readonly empty: string;
  readonly done: string;
  readonly now: string;
  readonly ahead: string;
  readonly good: string;
  readonly bad: string;
  readonly ellipsis: string;
  readonly dot: string;
}

export const UNICODE: Signs = {
  full: '█',
  empty: '░',
  done: '✓',
  now: '●',
  ahead: '○',
  good: '✓',
  bad: '✗',
  ellipsis: '…',
  dot: '·',
};

export const ASCII: Signs = {
  full: '#',
  empty: '.',
  done: 'x',
  now: '>',
  ahead: '-',
  good: 'ok',
  bad: '!!',
  ellipsis: '..',
  dot: '-',
};

/** What a renderer must know of the place where its lines will stand. */
export interface Look {
  /** Widest line, in cells. */
  readonly columns: number;
  readonly style: Style;
  readonly signs: Signs;
}
