/// Files that the server hands out, embedded in the binary by C23 `#embed`.
#pragma once
#include <stddef.h>

extern const unsigned char kintsugi_openapi_json[];
extern const size_t kintsugi_openapi_json_size;
