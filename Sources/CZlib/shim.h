// zlib's header, and `static inline` functions for its macros, which Swift cannot import.
#ifndef COUNTERSIGN_CZLIB_H
#define COUNTERSIGN_CZLIB_H

#include <zlib.h>

#endif
