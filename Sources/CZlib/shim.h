// zlib's header, and `static inline` functions for its macros, which Swift cannot import.
#ifndef COUNTERSIGN_CZLIB_H
#define COUNTERSIGN_CZLIB_H

#include <zlib.h>

// 15 is the largest window; 16 more asks for gzip's wrapping and nothing else.
static inline int countersign_deflateInitGzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int countersign_inflateInitGzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

#endif
