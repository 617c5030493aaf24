/// Files that the server hands out, embedded in the binary by C23 `#embed`.
#pragma once
#include <stddef.h>

extern const size_t kintsugi_openapi_json_size;

/// The first byte of the API's document.
const unsigned char *kintsugi_openapi_json(void);
