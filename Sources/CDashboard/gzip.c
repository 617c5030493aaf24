#include "CDashboard.h"
#include <zlib.h>

enum { gzip_format = 16 + MAX_WBITS, memory_level = 8 };

size_t kintsugi_gzip_bound(size_t size) { return compressBound(size) + 18; }

size_t kintsugi_gzip(const unsigned char *bytes, size_t size, unsigned char *into, size_t capacity) {
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)size,
                       .next_out = into, .avail_out = (uInt)capacity};
    if (size != stream.avail_in || capacity != stream.avail_out) return 0;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_format, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    int end = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return end == Z_STREAM_END ? written : 0;
}
