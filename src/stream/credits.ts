/** What may be under way at once: tasks, and bytes of messages. Whoever wants more waits for its turn. */
export class Credits {
  private readonly tasksMax: number;
  private readonly bytesMax: number;
  private tasks = 0;
  private bytes = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(tasksMax: number, bytesMax: number) {
    this.tasksMax = tasksMax;
    this.bytesMax = bytesMax;
  }

  /** Tasks and bytes under way. */
  get taken(): { readonly tasks: number; readonly bytes: number } {
    return { tasks: this.tasks, bytes: this.bytes };
  }

  /** Takes a credit at once, or not. A task larger than all bytes goes alone. */
  tryTake(bytes: number): boolean {
    if (this.tasks > 0 && (this.tasks >= this.tasksMax || this.bytes + bytes > this.bytesMax)) return false;
    this.tasks++;
    this.bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.tasks--;
    this.bytes -= bytes;
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves when a credit was given back, or after `ms`. */
  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
