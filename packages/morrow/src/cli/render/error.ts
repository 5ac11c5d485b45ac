import type { ErrorCode, MorrowError } from '../../errors.ts';
import type { Style } from './style.ts';

/** What `--json` prints on stdout in place of data where a command fails. */
export interface ErrorDocument {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string;
    readonly exitCode: number;
  };
}

/** An error for people: what is wrong, what to do about it. Never wrapped, so that it can be copied and searched. */
export function renderError(error: MorrowError, style: Style): string[] {
  const [first = '', ...more] = error.message.split('\n');
  return [
    `${style.bold(style.red(`error[${error.code}]:`))} ${first}`,
    ...more,
    ...(error.hint === '' ? [] : [`${style.bold('hint:')} ${error.hint}`]),
  ];
}

/** The same error for programs. */
export const errorDocument = (error: MorrowError): ErrorDocument => ({
  error: { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode },
});
