// What this server can do, by its own document: so that nobody asks for what a version has not got.

let paths = null;

/** Whether there is such an operation, such as `get` of `/recovery/strategies`. Unknown counts as yes: the answer will tell. */
export async function offers(method, path) {
    paths ??= fetch('/openapi.json', {credentials: 'same-origin'}).then((response) => response.ok ? response.json() : null)
        .then((document) => document?.paths ?? null, () => null);
    const known = await paths;
    if (!known) { paths = null; return true; }
    return known[`/api/v1${path}`]?.[method] !== undefined;
}
