#include "CDashboard.h"

static const unsigned char openapi_json[] = {
#embed "web/openapi.json"
};
const size_t kintsugi_openapi_json_size = sizeof openapi_json;

const unsigned char *kintsugi_openapi_json(void) { return openapi_json; }

static const kintsugi_asset assets[] = {
#include "assets.h"
};

size_t kintsugi_asset_count(void) { return sizeof assets / sizeof assets[0]; }

const kintsugi_asset *kintsugi_asset_at(size_t index) { return &assets[index]; }
