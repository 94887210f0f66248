import { TextBuffer } from './text-buffer.ts';

/** Texts and their codes, in order of appearance. */
export class TextCodes {
  readonly texts: TextBuffer = new TextBuffer();
  private readonly byText = new Map<string, number>();

  codeOf(text: string): number {
    let code = this.byText.get(text);
    if (code === undefined) {
      code = this.texts.count;
      this.texts.addText(text);
      this.byText.set(text, code);
    }
    return code;
  }

  clear(): void {
    this.texts.clear();
    this.byText.clear();
  }
}
