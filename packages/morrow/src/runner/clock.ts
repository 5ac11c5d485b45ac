/** The runner's only source of time, so that tests can hold it. */
export interface Clock {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` is aborted, whichever comes first; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    }),
};
