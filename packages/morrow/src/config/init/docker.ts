/** What a Dockerfile tells of a server, for one that runs without it. */
import type { Detector, FolderFacts } from './facts.ts';

/** The last stage of a Dockerfile. */
export interface Dockerfile {
  /** The first port that it exposes; null: none. */
  readonly port: number | null;
  /** The command that it starts, as a shell would read it; null: the base image's. */
  readonly command: string | null;
}

/** The Dockerfile of a folder; null: there is none. */
export function dockerfileOf({ texts }: FolderFacts): Dockerfile | null {
  const text = texts.get('Dockerfile');
  return text === undefined ? null : parseDockerfile(text);
}

export function parseDockerfile(text: string): Dockerfile {
  const lines = text
    .replace(/^\s*#.*$/gm, '')
    .replace(/[ \t]*\\[ \t]*\r?\n[ \t]*/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const stage = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => /^FROM\s/i.test(line)),
    ),
  );
  const last = (word: string) => {
    const line = stage.findLast((one) => new RegExp(`^${word}\\s`, 'i').test(one));
    return line === undefined ? null : line.slice(word.length).trim();
  };
  const port = Number(/^\d+/.exec(last('EXPOSE') ?? '')?.[0]);
  const parts = [last('ENTRYPOINT'), last('CMD')].filter((part) => part !== null).map(asCommand);
  return { port: port > 0 ? port : null, command: parts.join(' ').trim() || null };
}

/** `["node", "a b.js"]` as a shell would have it; a command that is written for a shell already as it is. */
function asCommand(written: string): string {
  if (!written.startsWith('[')) return written;
  try {
    const words: unknown = JSON.parse(written);
    return Array.isArray(words) ? words.map((word) => quotedForShell(String(word))).join(' ') : written;
  } catch {
    return written;
  }
}

/** A command that listens where it is told to instead of at a fixed port. */
export function withPort(command: string, port: number | null): string {
  const flexible =
    port === null ? command : command.replaceAll(new RegExp(`(?<![\\d.])${port}(?![\\d.])`, 'g'), '$PORT');
  return flexible.replaceAll(/(?<![\d.])0\.0\.0\.0(?![\d.])/g, '$HOST');
}

/** A word that a shell takes as it is; `$PORT` and the like stay what they are. */
function quotedForShell(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A folder with nothing but a Dockerfile whose command this machine has, too. */
export const detectDocker: Detector = (facts) => {
  const dockerfile = dockerfileOf(facts);
  if (dockerfile?.command == null) return null;
  const program = dockerfile.command.split(' ')[0] ?? '';
  const isHere = program.includes('/')
    ? facts.files.includes(program.replace(/^\.\//, ''))
    : facts.has(program);
  if (!isHere) return null;
  const start = withPort(dockerfile.command, dockerfile.port);
  return { from: 'Dockerfile', start, port: dockerfile.port, listensOnPort: start.includes('$PORT') };
};
