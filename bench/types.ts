/** What a benchmark is told. */
export interface BenchOptions {
  /** Fewer and shorter rounds: done in 45 s, and noisier for it. */
  readonly quick: boolean;
}

/** What a benchmark found. */
export interface BenchResult {
  /** What was measured and how, in one line. */
  readonly title: string;
  /** The table's rows; a column for each key, in the order in which the keys first appear. */
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Figures by name, each name with its unit (`_ms`, `_us`, `_ratio_<peer>`); null where it could not be measured. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** What the reader must know to judge the figures: goals missed, peers absent, what limits ours. */
  readonly notes: readonly string[];
}

/** What `bench/NAME/index.ts` exports as `run`. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;
