import type { Proposal } from './detect.ts';

/** The text of a `morrow.config.ts` for some services. */
export function writeConfig(services: readonly Proposal[]): string {
  return [
    "import { defineConfig } from 'morrow';",
    '',
    'export default defineConfig({',
    '  services: {',
    ...services.flatMap(writeService),
    '  },',
    '});',
    '',
  ].join('\n');
}

function writeService({ name, folder, build, start, port, health, ignore }: Proposal): string[] {
  const keys = [
    ...(folder === null ? [] : [`folder: ${quoted(folder)}`]),
    ...(build === null ? [] : [`build: ${quoted(build)}`]),
    `start: ${quoted(start)}`,
    `listen: ${port}`,
    ...(health === null ? [] : [`health: ${quoted(health)}`]),
    ...(ignore.length === 0 ? [] : [`ignore: [${ignore.map(quoted).join(', ')}]`]),
  ];
  const key = /^[a-z][a-z0-9]*$/.test(name) ? name : quoted(name);
  return [`    ${key}: {`, ...keys.map((line) => `      ${line},`), '    },'];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
