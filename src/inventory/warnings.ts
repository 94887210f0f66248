import type { InventoryWarning, Origin } from './inventory.ts';

/** Says something odd about a place, once. */
export type Warn = (at: Origin, message: string) => void;

/** Warnings in the order they were said; the same one (several versions hold the file) only once. */
export class Warnings {
  private readonly byText = new Map<string, InventoryWarning>();

  readonly warn: Warn = ({ file, path }, message) => {
    const key = `${file}\n${path}\n${message}`;
    if (!this.byText.has(key)) this.byText.set(key, { message, file, path });
  };

  list(): readonly InventoryWarning[] {
    return [...this.byText.values()];
  }
}
