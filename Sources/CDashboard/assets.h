// Written by scripts/list-assets: the dashboard's files, as the binary holds them.
#define ASSET "web/icon.svg"
#include "asset.h"
#define ASSET "web/index.html"
#include "asset.h"
#define ASSET "web/main.js"
#include "asset.h"
#define ASSET "web/styles/tokens.css"
#include "asset.h"
