/// Files that the server hands out, embedded in the binary by C23 `#embed`.
#pragma once
#include <stddef.h>

extern const size_t kintsugi_openapi_json_size;

/// The first byte of the API's document.
const unsigned char *kintsugi_openapi_json(void);

/// A file of the dashboard.
typedef struct {
    /// Below `web/`.
    const char *path;
    const unsigned char *bytes;
    size_t size;
} kintsugi_asset;

/// How many files the dashboard has.
size_t kintsugi_asset_count(void);

/// A file of the dashboard, by its place in the list.
const kintsugi_asset *kintsugi_asset_at(size_t index);

/// The most bytes that `kintsugi_gzip` can write for so many.
size_t kintsugi_gzip_bound(size_t size);

/// Compresses as well as zlib can, in the gzip format, without a name or a time; 0: it went wrong.
size_t kintsugi_gzip(const unsigned char *bytes, size_t size, unsigned char *into, size_t capacity);
