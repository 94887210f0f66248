/** A queue between one who puts and one who takes: whoever is ahead waits. */
export class ObjectQueue<T> {
  private readonly max: number;
  private readonly items: T[] = [];
  private ended = false;
  private failure: unknown;
  private readonly waiting: (() => void)[] = [];

  constructor(max: number) {
    this.max = max;
  }

  /** Resolves when there is room again, or nobody takes any more. */
  async put(item: T): Promise<void> {
    this.items.push(item);
    this.wake();
    while (this.items.length >= this.max && !this.ended) await this.changed();
  }

  /** Nothing more comes; with an error, `take` throws it behind the last item. */
  end(failure?: unknown): void {
    this.ended = true;
    this.failure ??= failure;
    this.wake();
  }

  /** The next item; undefined behind the last one. */
  async take(): Promise<T | undefined> {
    while (this.items.length === 0 && !this.ended) await this.changed();
    const item = this.items.shift();
    this.wake();
    if (item === undefined && this.failure !== undefined) throw this.failure;
    return item;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
