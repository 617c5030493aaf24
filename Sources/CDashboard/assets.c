#include "CDashboard.h"

const unsigned char kintsugi_openapi_json[] = {
#embed "web/openapi.json"
};
const size_t kintsugi_openapi_json_size = sizeof kintsugi_openapi_json;
