#include "CDashboard.h"

static const unsigned char openapi_json[] = {
#embed "web/openapi.json"
};
const size_t kintsugi_openapi_json_size = sizeof openapi_json;

const unsigned char *kintsugi_openapi_json(void) { return openapi_json; }
