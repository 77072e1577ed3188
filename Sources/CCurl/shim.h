// libcurl's header, and `static inline` functions for its variadic calls, which Swift cannot make.
#ifndef COUNTERSIGN_CCURL_H
#define COUNTERSIGN_CCURL_H

#include <curl/curl.h>

#endif
