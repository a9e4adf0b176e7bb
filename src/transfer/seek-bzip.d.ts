/** The part that is used; the package has no types of its own. */
declare module 'seek-bzip' {
  interface Input {
    readByte(): number;
    read(into: Buffer, start: number, length: number): number;
    eof(): boolean;
  }
  interface Output {
    writeByte(octet: number): void;
    flush(): void;
  }
  const Bunzip: { decode(input: Input, output: Output, isMultistream: boolean): void };
  export default Bunzip;
}
