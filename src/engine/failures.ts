/**
 * Why inputs could not be read to their end. They are met as threads come to them, and told in the order of the inputs:
 * the same for any number of threads.
 */
export class Failures {
  private readonly met: { readonly file: number; readonly message: string }[] = [];

  /** `file`: number of the input; none = of the run as a whole, told last. */
  add(message: string, file: number = Number.POSITIVE_INFINITY): void {
    this.met.push({ file, message });
  }

  get messages(): string[] {
    const inOrder = this.met.toSorted((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)));
    return inOrder.map(({ message }) => message);
  }
}
