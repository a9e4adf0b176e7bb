/** A number of the server as it is declared: what it is called, and how it is read when somebody asks. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** All processes see the same; else they are added up. */
  readonly isShared?: boolean;
  read(): Iterable<Sample> | Promise<Iterable<Sample>>;
}
