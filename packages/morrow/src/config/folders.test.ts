import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { absentFolders } from './folders.ts';
import { resolveConfig } from './resolve.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-folders-')));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a service whose folder is absent', () => {
  it('is reported beside those that are there; a file is no folder', () => {
    mkdirSync(join(root, 'app/backend'), { recursive: true });
    writeFileSync(join(root, 'app/notes'), '');
    const services = {
      backend: { folder: 'app/backend' },
      frontend: { folder: 'app/frontend', listen: 3000 },
      notes: { folder: 'app/notes', listen: 3001 },
    };
    const config = resolveConfig(
      { config: { services }, root, file: join(root, 'morrow.config.ts') },
      'development',
    );
    expect(absentFolders(config)).toEqual([
      { service: 'frontend', folder: join(root, 'app/frontend') },
      { service: 'notes', folder: join(root, 'app/notes') },
    ]);
  });
});
