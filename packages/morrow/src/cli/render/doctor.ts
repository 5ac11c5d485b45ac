import type { Finding } from '../doctor/finding.ts';
import { plural } from './format.ts';
import type { Look } from './style.ts';
import { padEnd, widthOf, wrap } from './text.ts';

/** A line for each finding, and below it what to do. */
export function renderDoctor(findings: readonly Finding[], look: Look): string[] {
  const { style, signs } = look;
  const width = Math.max(...findings.map((finding) => widthOf(finding.name)));
  const marks = {
    ok: style.green(signs.good),
    note: style.yellow(signs.now),
    bad: style.red(signs.bad),
  };
  const indent = Math.max(...[signs.good, signs.now, signs.bad].map(widthOf)) + width + 3;
  const lines = findings.flatMap(({ name, state, text, todo }) => {
    const mark = marks[state];
    const [first = '', ...rest] = text
      .split('\n')
      .flatMap((line) => wrap(line, Math.max(16, look.columns - indent)));
    const head = `${padEnd(mark, indent - width - 3)} ${style.bold(padEnd(name, width))}  ${first}`;
    const more = rest.map((line) => ' '.repeat(indent) + line);
    const what =
      todo === ''
        ? []
        : wrap(todo, Math.max(16, look.columns - indent)).map(
            (line) => ' '.repeat(indent) + style.cyan(line),
          );
    return [head, ...more, ...what];
  });
  const broken = findings.filter((finding) => finding.state === 'bad').length;
  return [
    ...lines,
    '',
    broken === 0
      ? style.green('Everything is there.')
      : style.red(`${plural(broken, 'thing')} to put right.`),
  ];
}
