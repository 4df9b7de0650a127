// The variables of an environment by which services and those who call them are told ports and URLs.

/** The variable of a service's port for its siblings: "WEB_PORT". */
export function portVariable(service: string): string {
  return `${stem(service)}_PORT`;
}

/** The variable of a service's URL: "WEB_URL". */
export function urlVariable(service: string): string {
  return `${stem(service)}_URL`;
}

/** In capitals, as a shell can use it: "my-api" is MY_API, "2nd" is _2ND. */
function stem(service: string): string {
  const word = service.toUpperCase().replaceAll(/[^A-Z0-9]/gu, "_");
  return /^\d/u.test(word) ? `_${word}` : word;
}
