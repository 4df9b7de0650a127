// Files that are shipped beside the program.

/** A file by its path in the package: from `dist/cli`, and from the bundled files, which are as deep in `dist/bin`. */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}
